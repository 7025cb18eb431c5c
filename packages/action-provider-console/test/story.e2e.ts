import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { helloWorld } from '../../../examples/hello-world/src/hello-world.ts'
import { watchasay } from '../../../examples/watchasay/src/watchasay.ts'
import { storesForTest, type TestStores } from '../../action-provider-tools/test/stores.ts'
import {
  approvalProvider,
  kinds,
  pausingProvider,
  steered,
  steeredProvider,
  steppingProvider,
} from './providers.ts'
import { chooseUser, createWorld, idOf, type Person, type World } from './world.ts'

const transfer = 'urn:globus:auth:scope:transfer.api.globus.org:all'

describe.each(storesForTest)('on $name', ({ name, start }) => {
  /** What concerns the page alone is the same on any store. */
  const once = test.runIf(name === 'SQLite')

  let stores: TestStores
  let world: World
  let alice: Person
  let bob: Person
  beforeAll(async () => {
    stores = await start()
    world = await createWorld({
      store: await (await stores.create()).open(),
      providers: {
        '/skeleton': watchasay,
        '/hello_world': helloWorld,
        '/kinds': kinds,
        '/steered': steeredProvider,
        '/stepping': steppingProvider,
        '/approval': approvalProvider,
        '/pausing': pausingProvider,
      },
    })
    alice = await world.person()
    bob = await world.person()
  })
  afterAll(async () => {
    await world?.close()
    await stores?.close()
  })

  once('the providers are listed for anybody', async () => {
    const { page } = alice
    await page.goto(world.url)
    await page.getByRole('link', { name: 'skeleton_action_provider', exact: true }).waitFor()
    await page.getByRole('link', { name: 'Hello World', exact: true }).click()
    await page.getByRole('heading', { name: 'Hello World', level: 1 }).waitFor()
    await page.getByText('everybody who is signed in').waitFor()
    await page.getByRole('button', { name: 'Copy curl lines' }).click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain(`${world.origin}/hello_world/run`)
  })

  test('Alice signs in, comes back to where she was, and sees her linked identities', async () => {
    const { page } = alice
    await page.goto(world.view('provider', { provider: '/hello_world' }))
    await page.getByRole('heading', { name: 'Hello World', level: 1 }).waitFor()
    const before = page.url()
    await alice.signIn('alice@example.org')
    expect(page.url()).toBe(before)
    await page.locator('.menu summary').click()
    await page.getByText('alice@lab.example.com').waitFor()
  })

  test('she runs an action by its form, and watches it finish', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/hello_world' }))
    await page.getByLabel('echo_string').fill('hey')
    await page.getByLabel('sleep_time').fill('3')
    await page.getByLabel('Label').fill('first')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('heading', { name: 'first' }).waitFor()
    await page.getByText('Sleeps').first().waitFor()
    await page.locator('.state.succeeded').waitFor()
    await page.getByRole('treeitem', { name: 'hello: hey' }).waitFor()
    await page.getByText('Said hello').waitFor()
  })

  once('what does not fit stands at its field, and nothing is sent', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/kinds' }))
    await page.getByLabel('name').fill('x')
    await page.getByText(/too short/i).waitFor()
    await page.getByLabel('name').fill('')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('is required').waitFor()
    expect(page.url()).toContain('/console/run')
    await page.getByLabel('name').fill('Ann')
    await page.getByLabel('amount').fill('3')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await idOf(page)
    await page
      .getByRole('treeitem', { name: /^▸ got: / })
      .or(page.getByRole('treeitem', { name: /got:/ }))
      .click()
    await page.getByRole('treeitem', { name: 'amount: 3' }).waitFor()
  })

  once('JSON is checked as it is typed, and its numbers stay as they are written', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/kinds' }))
    await page.getByRole('button', { name: 'JSON' }).click()
    const json = page.getByLabel('Input as JSON')
    await json.fill('{ "name": ')
    await page.getByText(/JSON/).last().waitFor()
    await json.fill('{ "name": "Ann", "amount": 0 }')
    await page.getByText('amount', { exact: true }).waitFor()
    await json.fill('{ "name": "Ann", "amount": 12345678901234567890 }')
    const sent = page.waitForRequest((request) => request.url().endsWith('/kinds/run'))
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    expect((await sent).postData()).toContain('"amount":12345678901234567890')
  })

  test('she runs it again with the same input, and a request id that repeats one starts nothing', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/skeleton' }))
    await page.getByLabel('input_string').fill('twice')
    await page.getByText('Who may see it, deadline and more').click()
    await page.getByLabel('Request id').fill('my-request')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const first = await idOf(page)
    await page.getByRole('link', { name: 'Run again' }).click()
    await page.getByText('This is the input of the earlier action').waitFor()
    expect(await page.getByLabel('input_string').inputValue()).toBe('twice')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.waitForURL((url) => url.pathname.endsWith('/action') && url.searchParams.get('id') !== first)
    await page.goto(world.view('run', { provider: '/skeleton' }))
    await page.getByLabel('input_string').fill('twice')
    await page.getByText('Who may see it, deadline and more').click()
    await page.getByLabel('Request id').fill('my-request')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    expect(await idOf(page)).toBe(first)
    await page.getByText('repeats an earlier request').waitFor()
  })

  test('the steps of an action and the times that it waits are shown in their order', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/stepping' }))
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('.state.succeeded').waitFor()
    const steps = page.getByRole('region', { name: 'Steps and waits' }).getByRole('link')
    await expect.poll(() => steps.allTextContents()).toEqual(['prepare', 'until it is settled', 'copy'])
  })

  test('an event that an action waits for is answered with a form from its schema', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/approval' }))
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('Waiting for the event “approval”').waitFor()
    await page.getByLabel('reason').fill('no')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText(/too short/i).waitFor()
    await page.getByLabel('reason').fill('it is good')
    await page.getByLabel('approved').check()
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('.state.succeeded').waitFor()
    await page.getByRole('treeitem', { name: /answered/ }).click()
    await page.getByRole('treeitem', { name: 'reason: it is good' }).waitFor()
  })

  test('she cancels an action once she has said so twice, and releases it', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/steered' }))
    await page.getByLabel('name').fill('long')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Do nothing' }).click()
    expect(await page.getByRole('button', { name: 'Release' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Cancel it' }).click()
    await page.locator('.state.failed').waitFor()
    expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Release' }).click()
    await page.getByRole('button', { name: 'Release it' }).click()
    await page.getByText('the provider has deleted this action').waitFor()
    await page.reload()
    await page.getByText('There is no such action', { exact: true }).waitFor()
    alice.errors.splice(0)
  })

  test('work that paused goes on once she has said so twice', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/pausing' }))
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('Insert tape 12').first().waitFor()
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await page.getByRole('dialog', { name: 'Resume the action?' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.locator('.state.inactive').waitFor()
    await page.getByRole('button', { name: 'Resume', exact: true }).click()
    await page.getByRole('button', { name: 'Resume it' }).click()
    await page.locator('.state.succeeded').waitFor()
    await page.getByRole('treeitem', { name: 'tape: 12' }).waitFor()
    expect(await page.getByRole('button', { name: 'Resume' }).count()).toBe(0)
  })

  once('the time left to its deadline, and then to its release, is shown', async () => {
    const { page } = alice
    const fact = (name: string) => page.locator(`dt:text-is("${name}") + dd`).textContent()
    await page.goto(world.view('run', { provider: '/steered' }))
    await page.getByLabel('name').fill('timed')
    await page.getByText('Who may see it, deadline and more').click()
    const inTwoDays = new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 16)
    await page.getByLabel('Deadline').fill(inTwoDays)
    await page.getByLabel('Release after').fill('P10D')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('.state.active').waitFor()
    expect(await fact('Deadline')).toMatch(/20\d\d.*\((in [12] days|tomorrow)\)/)
    expect(await fact('Release')).toBe('P10D after completion')
    while (!steered.has('timed')) await sleep(10)
    steered.get('timed')?.end({})
    await page.locator('.state.succeeded').waitFor()
    expect(await fact('Release')).toMatch(/20\d\d.*\(in (9|10) days\)/)
  })

  test('an action that needs her consent gets it in one click, and goes on', async () => {
    const { page } = alice
    await page.goto(world.view('run', { provider: '/hello_world' }))
    await page.getByLabel('required_dependent_scope').fill(transfer)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const id = await idOf(page)
    await page.locator('.state.inactive').waitFor()
    await page.getByRole('button', { name: 'Consent and resume' }).click()
    await page.getByText('Transfer files with Globus Transfer').waitFor()
    await chooseUser(page, 'alice@example.org')
    await page.locator('.state.succeeded').waitFor()
    expect(await idOf(page)).toBe(id)
  })

  once('actions are found by state, role, label and time, and the URL says which', async () => {
    const { page } = alice
    await page.goto(world.view('actions', { provider: '/hello_world' }))
    await page.getByRole('link', { name: 'first' }).waitFor()
    await page.getByLabel('Label, id or status text').fill('FIRST')
    await expect.poll(() => page.locator('.actions tbody tr').count()).toBe(1)
    await page.getByLabel('SUCCEEDED').uncheck()
    await page.getByText('No action matches').or(page.getByText('There are no actions here')).waitFor()
    await page.getByLabel('SUCCEEDED').check()
    await page.getByLabel('I may see').uncheck()
    expect(new URL(page.url()).searchParams.get('role')).toBe('creator_id,manage_by')
    await page.reload()
    await expect.poll(() => page.locator('.actions tbody tr').count()).toBe(1)
    expect(await page.getByLabel('Label, id or status text').inputValue()).toBe('FIRST')
    await page.getByLabel('from', { exact: true }).fill('2000-01-01')
    await expect.poll(() => page.locator('.actions tbody tr').count()).toBe(1)
    await page.getByLabel('until', { exact: true }).fill('2000-01-02')
    await page.getByText('No action matches').waitFor()
    expect(new URL(page.url()).searchParams.get('until')).toBe('2000-01-02')
  })

  test('the list shows what others do without reloading', async () => {
    const { page } = alice
    await page.goto(world.view('actions', { provider: '/steered' }))
    await page.getByRole('heading', { name: 'Actions', level: 1 }).waitFor()
    const token = await world.emulator.issueToken({ username: 'alice', scope: world.scope })
    const answer = await fetch(`${world.origin}/steered/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ request_id: 'live', label: 'from elsewhere', body: { name: 'live' } }),
    })
    expect(answer.status).toBe(202)
    const row = page.locator('tr', { hasText: 'from elsewhere' })
    await row.locator('.state.active').waitFor()
    while (!steered.has('live')) await sleep(10)
    steered.get('live')?.end({ done: true })
    await row.locator('.state.succeeded').waitFor()
  })

  test('Bob sees only what he may', async () => {
    const { page } = bob
    await page.goto(world.view('actions', { provider: '/hello_world' }))
    await bob.signIn('bob@example.org')
    await page.getByText('There are no actions here').waitFor()
    await alice.page.goto(world.view('run', { provider: '/skeleton' }))
    await alice.page.getByLabel('input_string').fill('shared')
    await alice.page.getByText('Who may see it, deadline and more').click()
    await alice.page.getByLabel('Who else may see it').fill('b0b00000-0000-4000-8000-000000000001')
    await alice.page.getByLabel('Label').fill('for Bob')
    await alice.page.getByRole('button', { name: 'Run', exact: true }).click()
    await alice.page.getByRole('heading', { name: 'for Bob' }).waitFor()
    const link = alice.page.url()

    await page.goto(link)
    await page.getByRole('treeitem', { name: 'you_said: shared' }).waitFor()
    expect(await page.getByRole('button', { name: 'Release' }).count()).toBe(0)
    await page.goto(world.view('actions', { provider: '/skeleton' }))
    await page.getByRole('link', { name: 'for Bob' }).waitFor()
    expect(await page.locator('.actions tbody tr').count()).toBe(1)
  })
})

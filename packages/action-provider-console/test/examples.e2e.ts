import { afterAll, beforeAll, expect, test } from 'vitest'
import { approval, type Repository } from '../../../examples/approval/src/approval.ts'
import { countdown } from '../../../examples/hosting/src/providers.ts'
import { watchasayOn } from '../../../examples/own-state/src/watchasay.ts'
import { quietProvider } from './providers.ts'
import { createWorld, idOf, type Person, type World } from './world.ts'

/**
 * The examples that the other files do not serve: those with their own state, with events, and of several in
 * one program.
 */

const withdrawn: string[] = []
const repository: Repository = {
  submit: async (_draft, key) => ({ id: key }),
  publish: async (id) => ({ location: `https://repository.example.org/${id}` }),
  withdraw: async (id) => void withdrawn.push(id),
}

let world: World
let alice: Person
let bob: Person
beforeAll(async () => {
  world = await createWorld({
    providers: {
      '/own-state': watchasayOn(),
      '/approval': approval(repository),
      '/count-down': countdown,
      '/quiet': quietProvider,
    },
  })
  alice = await world.person()
  bob = await world.person()
  for (const [person, name] of [
    [alice, 'alice@example.org'],
    [bob, 'bob@example.org'],
  ] as const) {
    await person.page.goto(world.url)
    await person.signIn(name)
  }
})
afterAll(() => world?.close())

test('a provider with its own state: an action is run, listed, repeated and released', async () => {
  const { page } = alice
  const run = async (): Promise<string> => {
    await page.goto(world.view('run', { provider: '/own-state' }))
    await page.getByLabel('input_string').fill('mine')
    await page.getByText('Who may see it, deadline and more').click()
    await page.getByLabel('Request id').fill('own')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    return idOf(page)
  }
  const id = await run()
  await page.getByRole('treeitem', { name: 'you_said: mine' }).waitFor()
  expect(await run()).toBe(id)
  await page.getByText('repeats an earlier request').waitFor()
  await page.goto(world.view('actions', { provider: '/own-state' }))
  await page.getByRole('link', { name: id }).click()
  await page.getByRole('button', { name: 'Release' }).click()
  await page.getByRole('button', { name: 'Release it' }).click()
  await page.getByText('the provider has deleted this action').waitFor()
})

test('work that reports its progress is watched to its end', async () => {
  const { page } = alice
  await page.goto(world.view('run', { provider: '/count-down' }))
  await page.getByRole('button', { name: 'JSON' }).click()
  await page.getByLabel('Input as JSON').fill('{ "from": 2 }')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.locator('.state.succeeded').waitFor()
})

test('a decision is made by the form of its event', async () => {
  const { page } = alice
  await page.goto(world.view('run', { provider: '/approval' }))
  await page.getByLabel('title').fill('Rainfall in Chicago')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('Waiting for the event “approval”').waitFor()
  await page.getByLabel('approved').check()
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('.state.succeeded').waitFor()
  await page.getByRole('treeitem', { name: /location: https:\/\/repository\.example\.org/ }).waitFor()
})

test('somebody who may manage an action answers its event, which its creator sees', async () => {
  const { page } = alice
  await page.goto(world.view('run', { provider: '/approval' }))
  await page.getByLabel('title').fill('Rainfall in Boston')
  await page.getByText('Who may see it, deadline and more').click()
  await page.getByLabel('Who else may see it').fill('b0b00000-0000-4000-8000-000000000001')
  await page.getByLabel('Who else may manage it').fill('b0b00000-0000-4000-8000-000000000001')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await idOf(page)
  await bob.page.goto(page.url())
  await bob.page.getByText('Waiting for the event “approval”').waitFor()
  await bob.page.getByRole('button', { name: 'JSON' }).click()
  await bob.page.getByLabel('Input as JSON').fill('{ "approved": false, "reason": "No license" }')
  await bob.page.getByRole('button', { name: 'Send' }).click()
  await bob.page.getByText('No license').first().waitFor()
  await page.locator('.state.failed').waitFor()
  expect(withdrawn.length).toBe(1)
})

test('an event of a provider without a log is answered with JSON, and a value that does not fit is refused', async () => {
  const { page } = alice
  await page.goto(world.view('run', { provider: '/quiet' }))
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('Waiting for the event “number”').waitFor()
  await page.getByLabel('Input as JSON').fill('{ "number": "three" }')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText('must be integer').waitFor()
  alice.errors.splice(0)
  await page.getByLabel('Input as JSON').fill('{ "number": 3 }')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('.state.succeeded').waitFor()
  await page.getByRole('treeitem', { name: 'number: 3' }).waitFor()
})

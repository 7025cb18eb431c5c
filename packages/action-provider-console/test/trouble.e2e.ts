import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { watchasay } from '../../../examples/watchasay/src/watchasay.ts'
import { steered, steeredProvider } from './providers.ts'
import { chooseUser, createWorld, idOf, type Person, type World } from './world.ts'

let world: World
let alice: Person
beforeAll(async () => {
  world = await createWorld({ providers: { '/skeleton': watchasay, '/steered': steeredProvider } })
  alice = await world.person()
  await alice.page.goto(world.url)
  await alice.signIn('alice@example.org')
})
afterAll(() => world?.close())

/** Starts an action that goes on until the test ends it. */
async function start(name: string): Promise<string> {
  const { page } = alice
  await page.goto(world.view('run', { provider: '/steered' }))
  await page.getByLabel('name').fill(name)
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const id = await idOf(page)
  await page.locator('.state.active').waitFor()
  while (!steered.has(name)) await sleep(10)
  return id
}

test('while it is paused, or not seen, nothing is asked for', async () => {
  const { page } = alice
  await start('paused')
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.getByRole('button', { name: /^Live/ }).click()
  await page.getByText('Paused: this page may be out of date').waitFor()
  asked.splice(0)
  steered.get('paused')?.progress({ step: 1 }, 'Unseen')
  await sleep(3_000)
  expect(asked).toEqual([])
  expect(await page.getByText('Unseen').count()).toBe(0)
  await page.getByRole('button', { name: /^Paused/ }).click()
  await page.getByText('Unseen').waitFor()

  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  `)
  await sleep(200)
  asked.splice(0)
  steered.get('paused')?.progress({ step: 2 }, 'Behind')
  await sleep(3_000)
  expect(asked).toEqual([])
  await page.evaluate(`
    delete document.hidden
    document.dispatchEvent(new Event('visibilitychange'))
  `)
  await page.getByText('Behind').waitFor()
  steered.get('paused')?.end({})
  await page.locator('.state.succeeded').waitFor()
})

test('the log follows the action until its reader scrolls up, and again when asked to', async () => {
  const { page } = alice
  await start('followed')
  const file = (number: number): void => steered.get('followed')?.log('Copied', `file ${number} of many`)
  const line = (number: number) => page.getByText(`file ${number} of many`, { exact: true })
  for (let number = 1; number <= 60; number++) file(number)
  await line(60).waitFor()
  await page.evaluate('document.querySelector(".log .rows").scrollTo(0, 0)')
  await line(1).waitFor()
  await expect.poll(() => page.getByLabel('Follow').isChecked()).toBe(false)
  file(61)
  await page.getByText('61 lines').waitFor()
  expect(await line(61).count()).toBe(0)
  await page.getByLabel('Follow').check()
  await line(61).waitFor()
  steered.get('followed')?.end({})
  await page.locator('.state.succeeded').waitFor()
})

test('a network that is lost is told of, and gone on with when it is back', async () => {
  const { page, context } = alice
  await start('lost')
  await context.setOffline(true)
  await page.getByText('There is no network').waitFor()
  steered.get('lost')?.end({ found: true })
  await context.setOffline(false)
  await page.locator('.state.succeeded').waitFor()
  await page.getByRole('treeitem', { name: 'found: true' }).waitFor()
  alice.errors.splice(0)
})

test('a sign-in that ends takes nothing that was typed, and goes on where it was', async () => {
  const { page } = alice
  await page.goto(world.view('run', { provider: '/skeleton' }))
  await page.getByLabel('input_string').fill('typed before')
  await page.getByLabel('Label').fill('kept')
  await world.emulator.expire({ username: 'alice' })
  // The provider remembers for a while who a token was.
  world.forgetTokens()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('Your sign-in has expired').waitFor()
  expect(await page.getByLabel('input_string').inputValue()).toBe('typed before')
  await page.getByRole('button', { name: 'Sign in again' }).click()
  await page.waitForURL(/console\/run/)
  await expect.poll(() => page.getByLabel('input_string').inputValue()).toBe('typed before')
  expect(await page.getByLabel('Label').inputValue()).toBe('kept')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByRole('heading', { name: 'kept' }).waitFor()
  alice.errors.splice(0)
})

test('what a provider refuses stands at its field', async () => {
  const { page } = alice
  await page.goto(world.view('run', { provider: '/skeleton' }))
  await page.getByLabel('input_string').fill('late')
  await page.getByText('Who may see it, deadline and more').click()
  await page.getByLabel('Deadline').fill('2020-01-01T00:00')
  await page.getByLabel('Who else may see it').fill('nobody')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('The provider refuses this input').waitFor()
  expect(await page.locator('#field-monitor_by-hint').getAttribute('class')).toBe('wrong')
  alice.errors.splice(0)
})

test('who signs out has no token any more, here or at Globus', async () => {
  const bob = await world.person()
  const { page } = bob
  await page.goto(world.url)
  await bob.signIn('bob@example.org')
  const tokens = 'Object.values(sessionStorage).join()'
  expect(await page.evaluate(tokens)).toContain('access_token')
  expect(await page.evaluate('Object.values(localStorage).join() + document.cookie')).toBe('')
  await page.locator('.menu summary').click()
  const revoked = page.waitForRequest(/oauth2\/token\/revoke/)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await revoked
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(await page.evaluate(tokens)).not.toContain('access_token')
})

test('another user who signs in does not get what the first one had', async () => {
  const person = await world.person()
  const { page } = person
  await page.goto(world.url)
  await person.signIn('alice@example.org')
  await page.goto(`${world.emulator.url}/v2/web/logout`)
  await page.goto(world.view('actions', { provider: '/steered' }))
  await page.getByText('Signed in as').waitFor({ state: 'attached' })
  await world.emulator.expire({ username: 'alice' })
  world.forgetTokens()
  await page.reload()
  await page.getByRole('button', { name: 'Sign in again' }).first().click()
  await page.waitForURL(/oauth2\/authorize/)
  await chooseUser(page, 'bob@example.org')
  await page.getByText('There are no actions here').waitFor()
  expect(await page.locator('.menu summary').textContent()).toContain('bob@example.org')
  person.errors.splice(0)
})

describe('a provider elsewhere', () => {
  let other: World
  beforeAll(async () => {
    other = await createWorld({ providers: { '/far': watchasay } })
  })
  afterAll(() => other?.close())

  test('is introspected without a token, and gets one once the user said so to its name', async () => {
    const person = await world.person()
    const { page } = person
    const tokens: string[] = []
    page.on('request', (request) => {
      const { authorization } = request.headers()
      if (authorization && request.url().includes('elsewhere')) tokens.push(request.url())
    })
    await page.goto(world.url)
    await page.getByLabel('URL of an action provider').fill('not a url')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.locator('#add-help.wrong').waitFor()
    await page.getByLabel('URL of an action provider').fill(`${other.origin}/far/run`)
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('heading', { name: 'skeleton_action_provider', level: 1 }).waitFor()
    await page.getByRole('link', { name: 'Run', exact: true }).click()
    const { host } = new URL(other.origin)
    await page.getByRole('heading', { name: `Send a token to ${host}?` }).waitFor()
    expect(tokens).toEqual([])
    // The two worlds have a Globus each: this one knows no such scope, which is said where the user is.
    await page.getByRole('button', { name: `Send a token to ${host}` }).click()
    await page.getByText('You were not signed in').waitFor()
    expect(page.url()).toContain('/console/run')
    expect(tokens).toEqual([])
    person.errors.splice(0)
  })

  test('that names the scope of another is told apart', async () => {
    const person = await world.person()
    const { page } = person
    await page.goto(world.url)
    await person.signIn('alice@example.org')
    const liar = await world.serveElsewhere('/liar', watchasay)
    await page.goto(world.view('actions', { provider: liar.url }))
    await page.getByText('This is the scope of').waitFor()
    await page.getByText(`${new URL(liar.url).host} could do there what you can`).waitFor()
    await page.getByRole('button', { name: 'Send a token to' }).click()
    await page.getByText('There are no actions here').waitFor()
    await liar.close()
    person.errors.splice(0)
  })
})

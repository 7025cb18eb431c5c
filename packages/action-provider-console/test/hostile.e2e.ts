import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { watchasay } from '../../../examples/watchasay/src/watchasay.ts'
import { axeFinds } from './axe.ts'
import { type Hostile, startHostile } from './hostile.ts'
import { createWorld, type Person, type World } from './world.ts'

let world: World
let hostile: Hostile
let alice: Person
beforeAll(async () => {
  world = await createWorld({ providers: { '/skeleton': watchasay } })
  const [user] = await world.emulator.users()
  const { scopes } = await world.emulator.register({ name: 'hostile', scopes: [{ suffix: 'action_all' }] })
  hostile = await startHostile(scopes[0] ?? '', user?.id ?? '')
  alice = await world.person()
  await alice.page.goto(world.view('run', { provider: hostile.url }))
  await alice.page.getByRole('button', { name: /^Send a token to/ }).click()
  await alice.page.getByRole('button', { name: 'alice@example.org' }).click()
  await alice.page.getByRole('button', { name: 'Allow' }).click()
  await alice.page.getByText('Signed in as').waitFor({ state: 'attached' })
})
afterAll(async () => {
  await world?.close()
  await hostile?.close()
})

const opened: string[] = []
beforeEach(() => {
  opened.splice(0)
  alice.page.on('dialog', (dialog) => opened.push(dialog.message()))
  alice.page.on('popup', (page) => opened.push(page.url()))
})
afterEach(async () => {
  const { page } = alice
  expect(await page.evaluate('globalThis.hacked')).toBeUndefined()
  expect(opened).toEqual([])
  expect(await page.locator('main img, main script, main iframe').count()).toBe(0)
  const links = (await page.evaluate('[...document.links].map((link) => link.href)')) as string[]
  expect(links.filter((href) => !/^(https?|mailto):/.test(href))).toEqual([])
  const shown = (await page.locator('main').textContent()) ?? ''
  for (const control of '\u202e\u0007\u001b\u2028') expect(shown).not.toContain(control)
})

test('what it says of itself is text', async () => {
  const { page } = alice
  await page.goto(world.view('provider', { provider: hostile.url }))
  await page.getByRole('heading', { level: 1, name: /onerror/ }).waitFor()
  expect(await axeFinds(page)).toEqual([])
})

test('its schema makes a form, and its pattern does not hold the page up', async () => {
  const { page } = alice
  await page.goto(world.view('run', { provider: hostile.url }))
  await page.locator('#input_slow').fill(`${'a'.repeat(40)}!`)
  await page.getByRole('button', { name: 'JSON' }).click()
  await page.getByLabel('Label').fill('still here')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.waitForURL(/console\/action/)
  // Its id leads nowhere but to itself.
  expect(new URL(page.url()).searchParams.get('id')).toBe('../../other?x')
  await page.getByRole('alert').first().waitFor()
  alice.errors.splice(0)
})

test('an action is text, and asks for no consent but to its own scope', async () => {
  const { page } = alice
  await page.goto(world.view('action', { provider: hostile.url, id: 'one' }))
  await page.getByText('which is not the scope of this provider').waitFor()
  expect(await page.getByRole('button', { name: 'Consent and resume' }).count()).toBe(0)
  expect(await page.getByRole('link', { name: 'Resolve it on another page' }).count()).toBe(0)
  await page.getByRole('treeitem', { name: /^long: .*1,000,000 characters/ }).waitFor()
  await page.getByRole('treeitem', { name: /onerror.*3 items/ }).click()
  await page.getByRole('treeitem', { name: '2: 12345678901234567890.10' }).waitFor()
  await page.getByText(/[1-9],\d00 lines|[1-9]\d?,\d00 lines/).waitFor()
  await page.goto(world.url)
})

test('a status of wrong types is told as one', async () => {
  const { page } = alice
  await page.goto(world.view('action', { provider: hostile.url, id: 'wrong' }))
  await page.getByText('This is not the answer of an action provider').waitFor()
  await page.goto(world.view('action', { provider: hostile.url, id: 'none' }))
  await page.getByText('There is nothing at this address').waitFor()
  alice.errors.splice(0)
})

test('pages without end are read as far as they are looked at', async () => {
  const { page } = alice
  await page.goto(world.view('actions', { provider: hostile.url }))
  await page.locator('.actions tbody tr').first().waitFor()
  await page.getByLabel('Label, id or status text').fill('not there')
  await page
    .getByRole('button', { name: 'Show more' })
    .or(page.getByText('No action matches'))
    .first()
    .waitFor()
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEmulator } from 'globus-emulator'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import { type Machine, machine, type Run, type Running } from '../cli.ts'
import { launchBrowser } from './browser.ts'
import { type Program, startProgram } from './processes.ts'

const transfer = 'urn:globus:auth:scope:transfer.api.globus.org:all'

/** Somebody with a machine and a browser. */
type Person = { machine: Machine; context: BrowserContext; page: Page }

let folder: string
let browser: Browser
let emulator: Program
let watchasay: Program
let helloWorld: Program
let alice: Person
let bob: Person

beforeAll(async () => {
  browser = await launchBrowser()
  folder = await mkdtemp(join(tmpdir(), 'action-provider-e2e-'))
  emulator = await startProgram(
    'packages/globus-emulator/src/main.ts',
    ['--port', '0'],
    /Globus emulator at (http\S+)/,
    { cwd: folder },
  )
  const env = { PORT: '0', EMULATOR_PORT: new URL(emulator.url).port }
  const start = (name: string): Promise<Program> =>
    startProgram(`examples/${name}/src/main.ts`, [], /serves at (http\S+)/, { cwd: folder, env })
  watchasay = await start('watchasay')
  helloWorld = await start('hello-world')
  alice = await person()
  bob = await person()
})
afterAll(async () => {
  for (const each of [alice, bob]) {
    for (const token of (await each?.machine.tokens()) ?? []) {
      expect(each?.machine.printed()).not.toContain(token)
    }
    await each?.machine.close()
  }
  await browser?.close()
  for (const program of [helloWorld, watchasay, emulator]) await program?.end()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function person(): Promise<Person> {
  const context = await browser.newContext()
  const home = await machine({
    GLOBUS_SDK_SERVICE_URL_AUTH: `${emulator.url}/`,
    GLOBUS_SDK_SERVICE_URL_GROUPS: `${emulator.url}/`,
  })
  return { machine: home, context, page: await context.newPage() }
}

/** Opens the page that a command shows, as its user does where it cannot open a browser itself. */
async function follow({ page }: Person, { shown }: Running): Promise<void> {
  const address = await eventually(
    () => shown().match(/^ {2}(http\S+\/v2\/oauth2\/authorize\?\S+)\r?\n/m)?.[1],
  )
  await page.goto(address)
}

/** Logs in by the pages: chooses a user where nobody is logged in at the browser, and allows what is asked. */
async function logIn(who: Person, username: string, args: string[]): Promise<Run> {
  const running = who.machine.start(['login', ...args])
  await follow(who, running)
  const user = who.page.getByRole('button', { name: username })
  const allow = who.page.getByRole('button', { name: 'Allow' })
  const end = who.page.getByRole('heading', { name: 'You are logged in' })
  await user.or(allow).or(end).waitFor()
  if (await user.isVisible()) {
    await user.click()
    await allow.or(end).waitFor()
  }
  if (await allow.isVisible()) await allow.click()
  await end.waitFor()
  return running.done
}

const idIn = ({ stdout }: Run): string => stdout.match(/Action +(\S+)/)?.[1] ?? ''

describe('the whole story', () => {
  let action: string

  test('Alice logs in through her browser, which names what she allows', async () => {
    const running = alice.machine.start(['login', '-u', watchasay.url, '--trust'])
    await follow(alice, running)
    await alice.page.getByRole('button', { name: 'alice@example.org' }).click()
    await alice.page.getByText('Run actions of watchasay').waitFor()
    expect(await alice.page.textContent('body')).toContain('view_my_groups_and_memberships')
    await alice.page.getByRole('button', { name: 'Allow' }).click()
    await alice.page.getByRole('heading', { name: 'You are logged in' }).waitFor()
    const run = await running.done
    expect(run.code).toBe(0)
    expect(run.stdout).toContain('alice@example.org')
  })

  test('she runs an action, and watches it', async () => {
    const run = await alice.machine.run([
      ...['run', '--watch', '-u', watchasay.url, '--label', 'first'],
      ...['--body', '{"input_string": "hey"}'],
    ])
    expect(run.code).toBe(0)
    expect(run.stdout).toMatch(/Status +SUCCEEDED/)
    expect(run.stdout).toContain('"you_said": "hey"')
    action = idIn(run)
  })

  test('she lists it, and reads its status', async () => {
    const list = await alice.machine.run(['list', '-u', watchasay.url, '--status', 'succeeded'])
    expect(list.stdout).toMatch(new RegExp(`${action} +SUCCEEDED .*first`))
    const status = await alice.machine.run(['status', action, '-u', watchasay.url, '-f', 'json'])
    expect(JSON.parse(status.stdout)).toMatchObject({
      action_id: action,
      status: 'SUCCEEDED',
      label: 'first',
    })
  })

  test('Bob, who is somebody else, may not see it', async () => {
    expect((await logIn(bob, 'bob@example.org', ['-u', watchasay.url, '--trust'])).stdout).toContain(
      'bob@example.org',
    )
    const status = await bob.machine.run(['status', action, '-u', watchasay.url])
    expect(status).toMatchObject({ code: 3, stdout: '' })
    expect(status.stderr).toContain('There is no such action, or you may not access it')
    const list = await bob.machine.run(['list', '-u', watchasay.url, '--status', 'all', '-f', 'json'])
    expect(JSON.parse(list.stdout)).toEqual([])
  })

  test('she cancels it, which changes nothing any more, and releases it', async () => {
    const cancel = await alice.machine.run(['cancel', action, '-u', watchasay.url])
    expect(cancel.code).toBe(0)
    expect(cancel.stdout).toMatch(/Status +SUCCEEDED/)
    expect((await alice.machine.run(['release', action, '-u', watchasay.url])).code).toBe(0)
    expect((await alice.machine.run(['status', action, '-u', watchasay.url])).code).toBe(3)
  })

  test('her expired tokens are refreshed, and those that cannot be are refused', async () => {
    const administration = connectEmulator(emulator.url)
    await administration.setTokenLifetime({ seconds: 1 })
    await logIn(alice, 'alice@example.org', ['-u', watchasay.url, '--trust'])
    await administration.setTokenLifetime({ seconds: 172_800 })
    const before = (await administration.requests()).refresh_token
    expect((await alice.machine.run(['list', '-u', watchasay.url])).code).toBe(0)
    expect((await administration.requests()).refresh_token).toBe(before + 1)

    const scope = JSON.parse(
      (await alice.machine.run(['introspect', '-u', watchasay.url, '-f', 'json'])).stdout,
    ).globus_auth_scope
    const token = await administration.issueToken({ username: 'alice', scope, expires_in: 1 })
    const list = (): Promise<Run> =>
      alice.machine.run(['list', '-u', watchasay.url], { env: { ACTION_TOKEN: token } })
    let run = await list()
    while (run.code === 0) run = await list()
    expect(run.code).toBe(3)
    expect(run.stderr).toContain('The provider does not accept the token')
  })

  test('she rescinds her consent at the consents page, and is asked for it again', async () => {
    const administration = connectEmulator(emulator.url)
    await administration.setTokenLifetime({ seconds: 1 })
    await logIn(alice, 'alice@example.org', ['-u', watchasay.url, '--trust'])
    await administration.setTokenLifetime({ seconds: 172_800 })
    await alice.page.goto(`${emulator.url}/v2/web/consents`)
    const rescind = alice.page.getByRole('button', { name: 'Rescind Run actions of watchasay' })
    await rescind.click()
    await rescind.waitFor({ state: 'detached' })
    const run = await alice.machine.run(['list', '-u', watchasay.url])
    expect(run.code).toBe(3)
    expect(run.stderr).toContain('You are not logged in for')
    const running = alice.machine.start(['login', '-u', watchasay.url, '--trust'])
    await follow(alice, running)
    await alice.page.getByRole('button', { name: 'Allow' }).click()
    expect((await running.done).code).toBe(0)
    expect((await alice.machine.run(['list', '-u', watchasay.url])).code).toBe(0)
  })

  test('an action of hello-world waits for her consent, which resume asks for, and SUCCEEDS', async () => {
    await logIn(alice, 'alice@example.org', ['-u', helloWorld.url, '--trust'])
    const body = JSON.stringify({ echo_string: 'hey', required_dependent_scope: transfer })
    const run = await alice.machine.run(['run', '--watch', '-u', helloWorld.url, '--body', body])
    expect(run.code).toBe(3)
    expect(run.stdout).toMatch(/Status +INACTIVE/)
    const running = alice.machine.start(['resume', idIn(run), '--watch', '-u', helloWorld.url], {
      terminal: true,
    })
    await follow(alice, running)
    await alice.page.getByText('Transfer files with Globus Transfer').waitFor()
    await alice.page.getByRole('button', { name: 'Allow' }).click()
    const resumed = await running.done
    expect(resumed.code).toBe(0)
    expect(resumed.stdout).toContain('"hello": "hey"')
    expect(resumed.stdout).toContain('SUCCEEDED')
  })
})

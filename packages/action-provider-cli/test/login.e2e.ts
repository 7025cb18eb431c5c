import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { groupsScope } from 'globus-emulator'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { browserOf, type Machine, steady } from './cli.ts'
import { pretend } from './pretend.ts'
import { createWorld, echo, type Hosted, type World, worker } from './world.ts'

const transfer = 'urn:globus:auth:scope:transfer.api.globus.org:all'
const asAlice = browserOf('alice')

let world: World
let echoAt: Hosted
let workerAt: Hosted
let home: Machine

beforeAll(async () => {
  world = await createWorld()
  echoAt = await world.host(echo, '/echo')
  workerAt = await world.host(worker, '/worker')
})
beforeEach(async () => {
  await world.emulator.reset()
  await world.emulator.setTokenLifetime({ seconds: 172_800 })
  home = await world.machine()
})
afterAll(() => world.close())

function storeFile(machine: Machine): string {
  return join(
    machine.folder,
    'config',
    'action-provider',
    `${new URL(world.emulator.url).host.replace(':', '_')}.json`,
  )
}

describe('login through a browser', () => {
  test('logs in, says who that is, and keeps the tokens for their owner alone', async () => {
    const login = await home.run(['login'], { env: asAlice })
    expect(login.code).toBe(0)
    expect(steady(login.stdout)).toMatchSnapshot()
    expect(login.stderr).toContain(`${world.emulator.url}/v2/oauth2/authorize?`)
    expect((await stat(storeFile(home))).mode & 0o777).toBe(0o600)
    expect((await stat(join(storeFile(home), '..'))).mode & 0o777).toBe(0o700)
    const who = await home.run(['whoami'])
    expect(who.stdout).toBe(login.stdout)
    expect(JSON.parse((await home.run(['whoami', '-f', 'json'])).stdout).username).toBe('alice@example.org')
  })
  test('asks for the consent that is missing, and no other', async () => {
    const asked = join(home.folder, 'asked')
    const browser = browserOf('alice', 'allow', asked)
    await home.run(['login'], { env: browser })
    await home.run(['login', '--action-url', echoAt.url, '--trust'], { env: browser })
    expect((await readFile(asked, 'utf8')).trim().split('\n')).toEqual([
      'openid profile email',
      `${echoAt.scope} ${groupsScope}`,
    ])
    expect((await home.run(['list', '-u', echoAt.url])).code).toBe(0)
  })
  test('logs in by itself where somebody is there to ask', async () => {
    const run = await home.run(['run', '-u', echoAt.url, '--trust', '-b', '{"text": "hi"}', '-f', 'json'], {
      terminal: true,
      env: asAlice,
    })
    expect(run.code).toBe(0)
    expect(run.stdout).toContain('"said": "hi"')
  })
  test('says how to log in where nobody is', async () => {
    const run = await home.run(['list', '-u', echoAt.url], { env: asAlice })
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(steady(run.stderr)).toMatchSnapshot()
    const who = await home.run(['whoami'])
    expect(who.code).toBe(3)
    expect(steady(who.stderr)).toMatchSnapshot()
  })
  test('ends with 3 where its user says no', async () => {
    const run = await home.run(['login', '-q'], { env: browserOf('alice', 'deny') })
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(run.stderr).toContain('error: The login was refused (access_denied')
  })
  test('does not mix the tokens of two people', async () => {
    await home.run(['login'], { env: asAlice })
    const other = await home.run(['login', '-u', echoAt.url, '--trust'], {
      env: browserOf('bob', 'allow-whoever'),
    })
    expect(other).toMatchObject({ code: 3, stdout: '' })
    expect(other.stderr).toContain(
      'error: You are logged in as alice@example.org, but the browser as bob@example.org',
    )
    expect((await home.run(['whoami', '-f', 'json'])).stdout).not.toContain(echoAt.scope)
  })
})

describe('login without a browser on this machine', () => {
  test('prints a page, and takes the code that it shows', async () => {
    const { child, done, stderr } = home.start(['login', '--no-browser'], {
      terminal: false,
      keepInput: true,
    })
    await eventually(() => stderr().includes('Paste the code'))
    const page = stderr().match(/http\S+authorize\S+/)?.[0] ?? ''
    expect(new URL(page).searchParams.get('redirect_uri')).toBe(`${world.emulator.url}/v2/web/auth-code`)
    child.stdin?.end(`${await codeOf(page)}\n`)
    const run = await done
    expect(run.code).toBe(0)
    expect(run.stdout).toContain('alice@example.org')
  })
  test('says so when the code is wrong, or none', async () => {
    const wrong = await home.run(['login', '--no-browser'], { input: 'nonsense\n' })
    expect(wrong.code).toBe(3)
    expect(wrong.stderr).toContain('error: Globus Auth does not accept the code')
    const none = await home.run(['login', '--no-browser'], { input: '' })
    expect(none.code).toBe(2)
  })
})

describe('kept tokens', () => {
  test('are refreshed silently when they are expired', async () => {
    await world.emulator.setTokenLifetime({ seconds: 1 })
    await home.run(['login', '-u', echoAt.url, '--trust'], { env: asAlice })
    await world.emulator.setTokenLifetime({ seconds: 3600 })
    const run = await home.run(['list', '-u', echoAt.url])
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect((await world.emulator.requests()).refresh_token).toBe(1)
    expect((await home.run(['list', '-u', echoAt.url])).code).toBe(0)
    expect((await world.emulator.requests()).refresh_token).toBe(1)
  })
  test('are refreshed when the provider does not accept them any more', async () => {
    await home.run(['login', '-u', echoAt.url, '--trust'], { env: asAlice })
    await world.emulator.expire({ username: 'alice' })
    echoAt.forgetTokens()
    expect(await home.run(['list', '-u', echoAt.url])).toMatchObject({ code: 0, stderr: '' })
  })
  test('are refreshed once by many commands at once, none of which loses them', async () => {
    await world.emulator.setTokenLifetime({ seconds: 1 })
    await home.run(['login', '-u', echoAt.url, '--trust'], { env: asAlice })
    await world.emulator.setTokenLifetime({ seconds: 3600 })
    const runs = await Promise.all(Array.from({ length: 4 }, () => home.run(['list', '-u', echoAt.url])))
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect((await world.emulator.requests()).refresh_token).toBe(1)
  })
  test('are forgotten when the consent is rescinded', async () => {
    await home.run(['login', '-u', echoAt.url, '--trust'], { env: asAlice })
    await world.emulator.rescind({ username: 'alice', scope: echoAt.scope })
    echoAt.forgetTokens()
    const run = await home.run(['list', '-u', echoAt.url])
    expect(run.code).toBe(3)
    expect(run.stderr).toContain('You are not logged in for')
    const { tokens } = JSON.parse(await readFile(storeFile(home), 'utf8'))
    expect(JSON.stringify(tokens)).not.toContain(echoAt.scope)
  })
  test('are not asked for in the name of a service of Globus', async () => {
    const { url, close } = await pretend({ globus_auth_scope: transfer, title: 'Thief' })
    const run = await home.run(['list', '-u', url], { terminal: true, env: asAlice })
    expect(run.code).toBe(3)
    expect(run.stdout).toContain('none of a provider')
    await close()
  })
  test('that are damaged are said to be', async () => {
    await mkdir(join(storeFile(home), '..'), { recursive: true })
    await writeFile(storeFile(home), '{"version": 1, "tok')
    const run = await home.run(['whoami'])
    expect(run.code).toBe(3)
    expect(run.stderr).toContain('are damaged: remove that file, and log in again')
  })
  test('end with logout', async () => {
    await home.run(['login', '-u', echoAt.url, '--trust'], { env: asAlice })
    const [token = ''] = await home.tokens()
    const logout = await home.run(['logout'])
    expect(logout.code).toBe(0)
    expect(steady(logout.stderr)).toMatchSnapshot()
    await expect(stat(storeFile(home))).rejects.toThrow('ENOENT')
    echoAt.forgetTokens()
    const run = await home.run(['list', '-u', echoAt.url], { env: { ACTION_TOKEN: token } })
    expect(run.code).toBe(3)
    expect((await home.run(['logout'])).stderr).toBe('Nobody was logged in\n')
  })
})

describe('machines', () => {
  test('act as a client', async () => {
    const { client_id, client_secret } = await world.emulator.register({ name: 'robot' })
    const env = { GLOBUS_CLIENT_ID: client_id, GLOBUS_CLIENT_SECRET: client_secret, ACTION_URL: echoAt.url }
    const run = await home.run(['run', '-b', '{"text": "hi"}', '-f', 'json', '-v', '--trust'], { env })
    expect(JSON.parse(run.stdout).creator_id).toBe(`urn:globus:auth:identity:${client_id}`)
    expect(run.stderr).not.toContain(client_secret)
    expect((await home.run(['whoami'], { env })).stdout).toContain(client_id)
    const wrong = await home.run(['list'], { env: { ...env, GLOBUS_CLIENT_SECRET: 'not the secret' } })
    expect(wrong.code).toBe(3)
    expect(wrong.stderr).toContain('Globus Auth does not know this client (invalid_client)')
    const half = await home.run(['list'], { env: { ACTION_URL: echoAt.url, GLOBUS_CLIENT_ID: client_id } })
    expect(half.code).toBe(2)
  })
  test('take a token from a file', async () => {
    const path = join(home.folder, 'token')
    await writeFile(path, `${await world.emulator.issueToken({ username: 'bob', scope: echoAt.scope })}\n`)
    expect((await home.run(['list', '-u', echoAt.url, '--token-file', path])).code).toBe(0)
    await writeFile(path, 'two\nlines')
    const bad = await home.run(['list', '-u', echoAt.url, '--token-file', path])
    expect(bad.code).toBe(2)
    expect((await home.run(['list', '-u', echoAt.url, '--token-file', `${path}.not`])).code).toBe(2)
  })
})

describe('names', () => {
  test('of users and groups become URNs', async () => {
    for (const scope of ['urn:globus:auth:scope:auth.globus.org:view_identities', groupsScope]) {
      await home.run(['login', '--action-scope', scope], { env: asAlice })
    }
    await home.run(['login', '-u', echoAt.url, '--trust'], { env: asAlice })
    const run = await home.run([
      ...['run', '-u', echoAt.url, '-b', '{"text": "hi"}', '-f', 'json'],
      ...['--manage-by', 'Scientists', '--monitor-by', 'bob@example.org'],
    ])
    expect(JSON.parse(run.stdout)).toMatchObject({
      manage_by: ['urn:globus:groups:id:5c1e11ce-0000-4000-8000-000000000001'],
      monitor_by: ['urn:globus:auth:identity:b0b00000-0000-4000-8000-000000000001'],
    })
    const nobody = await home.run([
      'run',
      '-u',
      echoAt.url,
      '-b',
      '{"text": "hi"}',
      '--manage-by',
      'no@body.org',
    ])
    expect(nobody.code).toBe(2)
    expect(nobody.stderr).toContain('Globus knows nobody called no@body.org')
    const group = await home.run(['run', '-u', echoAt.url, '-b', '{"text": "hi"}', '--manage-by', 'Nobodies'])
    expect(group.stderr).toContain('You are in no group called Nobodies')
  })
})

describe('a run that needs several scopes', () => {
  test('asks for all of them in one login', async () => {
    const asked = join(home.folder, 'asked')
    const run = await home.run(
      [
        ...['run', '-u', echoAt.url, '--trust', '-b', '{"text": "hi"}', '-f', 'json'],
        ...['--manage-by', 'Scientists', '--monitor-by', 'bob@example.org'],
      ],
      { terminal: true, env: browserOf('alice', 'allow', asked) },
    )
    expect(run.code).toBe(0)
    const logins = (await readFile(asked, 'utf8')).trim().split('\n')
    expect(logins).toHaveLength(1)
    for (const scope of [echoAt.scope, groupsScope, 'view_identities']) expect(logins[0]).toContain(scope)
  })
})

describe('resume', () => {
  test('asks for the consent that the action waits for, and goes on', async () => {
    const asked = join(home.folder, 'asked')
    await home.run(['login', '-u', workerAt.url, '--trust'], { env: asAlice })
    const run = await home.run([
      'run',
      '--watch',
      '-u',
      workerAt.url,
      '-b',
      JSON.stringify({ needs: transfer }),
    ])
    expect(run.code).toBe(3)
    expect(steady(run.stderr)).toMatchSnapshot()
    const id = run.stdout.match(/Action +(\S+)/)?.[1] ?? ''
    const nobody = await home.run(['resume', id, '-u', workerAt.url])
    expect(nobody.code).toBe(3)
    expect(nobody.stderr).toContain('on a terminal, run action-provider resume')
    const resumed = await home.run(['resume', id, '-u', workerAt.url, '--watch', '-f', 'json'], {
      terminal: true,
      env: browserOf('alice', 'allow', asked),
    })
    expect(resumed.stdout).toContain('"status": "SUCCEEDED"')
    expect(resumed.code).toBe(0)
    expect(await readFile(asked, 'utf8')).toBe(`${workerAt.scope} ${transfer}\n`)
  })
})

/** Logs in on another machine, and reads the code off the page. */
async function codeOf(page: string): Promise<string> {
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const [command = '', ...args] = browserOf('alice').BROWSER?.split(' ') ?? []
  const { stdout } = await promisify(execFile)(command, [...args, page])
  return stdout.match(/<output[^>]*>([^<]+)</)?.[1] ?? ''
}

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Machine, steady } from './cli.ts'
import { createWorld, echo, type Hosted, type World, worker } from './world.ts'

let world: World
let echoAt: Hosted
let workerAt: Hosted
let alice: Machine
let aliceAtWorker: Machine
let bob: Machine

beforeAll(async () => {
  world = await createWorld()
  echoAt = await world.host(echo, '/echo')
  workerAt = await world.host(worker, '/worker')
  const token = (username: string, scope: string) => world.emulator.issueToken({ username, scope })
  alice = await world.machine({ ACTION_URL: echoAt.url, ACTION_TOKEN: await token('alice', echoAt.scope) })
  aliceAtWorker = await world.machine({
    ACTION_URL: workerAt.url,
    ACTION_TOKEN: await token('alice', workerAt.scope),
  })
  bob = await world.machine({ ACTION_URL: echoAt.url, ACTION_TOKEN: await token('bob', echoAt.scope) })
})
afterAll(() => world.close())

async function runOne(machine: Machine, body: object, ...more: string[]): Promise<string> {
  const { stdout } = await machine.run(['run', '--body', JSON.stringify(body), '--format', 'json', ...more])
  return JSON.parse(stdout).action_id
}

describe('introspect', () => {
  test('shows what a provider is as a table', async () => {
    expect(steady((await alice.run(['introspect'])).stdout)).toMatchSnapshot()
  })
  test('shows it as JSON and as YAML', async () => {
    const json = await alice.run(['introspect', '--format', 'json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ title: 'Echo', globus_auth_scope: echoAt.scope })
    // Providers write their types in either way.
    const yaml = (await alice.run(['introspect', '-f', 'yaml'])).stdout.replace('- ACTION\n', '- Action\n')
    expect(steady(yaml)).toMatchSnapshot()
  })
})

describe('openapi', () => {
  test('prints the document as JSON, or as YAML', async () => {
    const json = await alice.run(['openapi'])
    expect(json.code).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({ openapi: '3.1.0', info: { title: 'Echo' } })
    expect((await alice.run(['openapi', '-f', 'yaml'])).stdout).toMatch(/^openapi: 3\.1\.0$/m)
  })
})

describe('run', () => {
  test('shows the action on stdout, and the request id on stderr', async () => {
    const run = await alice.run(['run', '--body', '{"text": "hi"}', '--label', 'greeting'])
    expect(run.code).toBe(0)
    expect(steady(run.stdout)).toMatchSnapshot()
    expect(steady(run.stderr)).toBe('Request id: UUID\n')
  })
  test("is the command that the Python client's documents give, with the name of the program replaced", async () => {
    const run = await alice.run([
      ...['action-run', '--action-url', `${echoAt.url}/run`, '--action-scope', echoAt.scope],
      ...['--body', '{"text": "hi"}', '-f', 'json'],
    ])
    expect(run.code).toBe(0)
    const { action_id: id } = JSON.parse(run.stdout)
    for (const command of ['action-status', 'action-cancel', 'action-release']) {
      expect(await alice.run([command, id, '-f', 'json'])).toMatchObject({ code: 0 })
    }
    const described = await alice.run(['action-provider-introspect', '-f', 'json'])
    expect(JSON.parse(described.stdout).title).toBe('Echo')
    expect((await alice.run(['help'])).stdout).not.toContain('action-run')
    expect((await alice.run(['help', 'run'])).stdout).not.toContain('action-run')
  })
  test('takes the URL of the run operation', async () => {
    const run = await alice.run(['run', '-q', '-u', `${echoAt.url}/run/`, '-b', '{"text": "hi"}'])
    expect(run).toMatchObject({ code: 0, stderr: '' })
  })
  test.each([
    ['a file', async (path: string) => ['--body', path]],
    ['a file with @', async (path: string) => ['--body', `@${path}`]],
    ['a name in this folder', async () => ['--body', 'body.json']],
  ])('reads the body from %s', async (_name, args) => {
    const path = join(alice.folder, 'body.json')
    await writeFile(path, '{"text": "from a file"}')
    const { stdout } = await alice.run(['run', '-f', 'json', ...(await args(path))])
    expect(JSON.parse(stdout).details).toEqual({ said: 'from a file' })
  })
  test('reads the body from standard input', async () => {
    const run = await alice.run(['run', '-f', 'json', '--body', '-'], { input: '{"text": "piped"}' })
    expect(JSON.parse(run.stdout).details).toEqual({ said: 'piped' })
  })
  test('starts nothing twice with one request id', async () => {
    const one = await runOne(alice, { text: 'once' }, '--request-id', 'mine')
    expect(await runOne(alice, { text: 'once' }, '--request-id', 'mine')).toBe(one)
    const other = await alice.run(['run', '--body', '{"text": "other"}', '--request-id', 'mine'])
    expect(other.code).toBe(2)
    expect(steady(other.stderr)).toMatchSnapshot()
  })
  test('sends all that a request can have', async () => {
    const { stdout } = await alice.run([
      ...['run', '-f', 'json', '--body', '{"text": "hi"}', '--label', 'all', '--release-after', '3600'],
      ...['--deadline', new Date(Date.now() + 60_000).toISOString()],
      ...['--manage-by', 'urn:globus:auth:identity:b0b00000-0000-4000-8000-000000000001'],
      ...['--monitor-by', 'urn:globus:groups:id:5c1e11ce-0000-4000-8000-000000000001'],
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      label: 'all',
      release_after: 'PT1H',
      manage_by: ['urn:globus:auth:identity:b0b00000-0000-4000-8000-000000000001'],
      monitor_by: ['urn:globus:groups:id:5c1e11ce-0000-4000-8000-000000000001'],
    })
  })
  test('does not send what does not fit the schema', async () => {
    const before = await world.emulator.requests()
    const run = await alice.run(['run', '--body', '{"txt": "hi", "times": 0}'])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(steady(run.stderr)).toMatchSnapshot()
    expect((await world.emulator.requests()).introspect).toBe(before.introspect)
  })
  test('does not send a request that is not valid', async () => {
    const run = await alice.run([
      'run',
      '--body',
      '{"text": "hi"}',
      '--deadline',
      'soon',
      '--manage-by',
      'urn:x',
    ])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('urn:x is not a principal')
    const late = await alice.run(['run', '--body', '{"text": "hi"}', '--deadline', 'soon'])
    expect(steady(late.stderr)).toMatchSnapshot()
  })
  test('asks for each field on a terminal', async () => {
    const { child, done } = alice.start(['run', '--format', 'json'], { terminal: true })
    // Each answer is given when its question stands there.
    const answers = [
      ['text', 'asked\r'],
      ['times', '2\r'],
      ['loud', '\r'],
      ['tone', '\r'],
    ] as const
    let shown = ''
    let next = 0
    child.stdout?.on('data', (part: Buffer) => {
      shown += part.toString()
      const answer = answers[next]
      if (answer && shown.includes(`${answer[0]} (`)) {
        next += 1
        shown = ''
        child.stdin?.write(answer[1])
      }
    })
    const { stdout, code } = await done
    expect(code).toBe(0)
    expect(stdout).toContain('"said": "asked"')
  })
  test('ends with 1 where the action FAILED, watched or not', async () => {
    const run = await aliceAtWorker.run(['run', '--watch', '--body', '{"fail": true}'])
    expect(run.code).toBe(1)
    expect(steady(run.stdout)).toMatchSnapshot()
    const id = run.stdout.match(/Action +(\S+)/)?.[1] ?? ''
    expect((await aliceAtWorker.run(['status', id])).code).toBe(1)
  })
})

describe('the other operations', () => {
  test('lists by status and role, page after page', async () => {
    const mine = await world.machine({ ...alice.env })
    const none = await bob.run(['list'])
    expect(none.stdout).toMatchSnapshot()
    expect((await mine.run(['list', '--status', 'succeeded', '--format', 'json'])).stdout).toContain(
      '"label": "greeting"',
    )
    const urn = 'urn:globus:auth:identity:b0b00000-0000-4000-8000-000000000001'
    const id = await runOne(alice, { text: 'for bob' }, '--monitor-by', urn, '--label', 'shared')
    const shared = await bob.run(['list', '--status', 'all', '--role', 'monitor', '--limit', '1'])
    expect(shared.stdout).toContain(id)
    expect(steady(shared.stdout)).toMatchSnapshot()
  })
  test('reads status, cancels and releases', async () => {
    const id = await runOne(aliceAtWorker, { milliseconds: 60_000 })
    const status = await aliceAtWorker.run(['status', id, '-f', 'json'])
    expect(JSON.parse(status.stdout).status).toBe('ACTIVE')
    const early = await aliceAtWorker.run(['release', id])
    expect(early.code).toBe(2)
    expect(steady(early.stderr)).toMatchSnapshot()
    const canceled = await aliceAtWorker.run(['cancel', id])
    expect(canceled.code).toBe(0)
    expect(steady(canceled.stdout)).toMatchSnapshot()
    expect((await aliceAtWorker.run(['release', id])).code).toBe(0)
    const gone = await aliceAtWorker.run(['status', id])
    expect(gone.code).toBe(3)
    expect(steady(gone.stderr)).toMatchSnapshot()
  })
  test('refuses to resume what does not wait', async () => {
    const id = await runOne(alice, { text: 'done' })
    const run = await alice.run(['resume', id])
    expect(run.code).toBe(2)
    expect(steady(run.stderr)).toMatchSnapshot()
  })
  test('reads the log, whole or in part', async () => {
    const id = await runOne(aliceAtWorker, {}, '--watch')
    const log = await aliceAtWorker.run(['log', id])
    expect(steady(log.stdout)).toMatchSnapshot()
    const newest = await aliceAtWorker.run(['log', id, '--reverse', '--limit', '1', '-f', 'json'])
    const all = await aliceAtWorker.run(['log', id, '-f', 'json'])
    expect(JSON.parse(newest.stdout)).toEqual(JSON.parse(all.stdout).slice(-1))
  })
  test('says so where there is no log', async () => {
    const run = await alice.run(['log', 'any'])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(steady(run.stderr)).toMatchSnapshot()
  })
  test('does not show the actions of others', async () => {
    const id = await runOne(alice, { text: 'private' })
    expect((await bob.run(['status', id])).code).toBe(3)
  })
})

describe('output', () => {
  test('has no line that is longer than a terminal of 80 columns', async () => {
    const terminal = { terminal: true, columns: 80 }
    await runOne(alice, { text: 'hi' }, '--label', 'a label that has quite a few words in it, for a list')
    for (const args of [['list', '--status', 'all'], ['introspect']]) {
      const { stdout } = await alice.run(args, terminal)
      const lines = stripVTControlCharacters(stdout).split(/\r?\n/)
      expect(lines.filter((line) => line.length > 80)).toEqual([])
      expect(lines.length).toBeGreaterThan(3)
    }
  })
  test('turns and counts while it watches, on a terminal', async () => {
    const { stdout } = await aliceAtWorker.run(['run', '--watch', '-b', '{"milliseconds": 300}'], {
      terminal: true,
      env: { TERM: 'xterm', LANG: 'C.UTF-8' },
    })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
    expect(stdout).toMatch(/⠋ \u001b\[36mACTIVE\u001b\[39m/)
    expect(stripVTControlCharacters(stdout)).toMatch(/[⠙⠹⠸⠼] ACTIVE .*\(\d s\)/)
  })
  test('has no colours without a terminal, or with NO_COLOR', async () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
    const colours = /\u001b\[\d+m/
    expect((await alice.run(['list', '--status', 'all'])).stdout).not.toMatch(colours)
    const inTerminal = { terminal: true, env: { TERM: 'xterm' } }
    expect((await alice.run(['list', '--status', 'all'], inTerminal)).stdout).toMatch(colours)
    const without = { terminal: true, env: { TERM: 'xterm', NO_COLOR: '1' } }
    expect((await alice.run(['list', '--status', 'all'], without)).stdout).not.toMatch(colours)
  })
  test('shows requests and answers with --verbose, and no token', async () => {
    const run = await alice.run(['list', '--verbose', '-f', 'json'])
    expect(JSON.parse(run.stdout)).toEqual([])
    expect(run.stderr).toContain('> authorization: Bearer ***')
    expect(run.stderr).toContain('< 200 OK')
    expect(run.stderr).not.toContain(alice.env.ACTION_TOKEN)
  })
  test('masks a token that the provider says back', async () => {
    const run = await alice.run(['run', '-f', 'json', '-b', JSON.stringify({ text: alice.env.ACTION_TOKEN })])
    expect(JSON.parse(run.stdout).details).toEqual({ said: '***' })
  })
  test('obeys no escape sequence of a provider', async () => {
    const text = '\u001b]0;owned\u0007\u001b[2Jgone\u009b31m\u202etxt'
    for (const format of ['table', 'json', 'yaml']) {
      const run = await alice.run(['run', '-q', '-f', format, '-b', '-'], { input: JSON.stringify({ text }) })
      expect(run.code).toBe(0)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(run.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    }
  })
})

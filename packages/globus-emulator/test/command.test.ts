import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { groupsScope, startEmulator } from 'globus-emulator'
import { emulatorCommand } from 'globus-emulator/command'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'

const main = new URL('../src/main.ts', import.meta.url).pathname
let folder: string
let child: ChildProcess | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'globus-emulator-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => child?.kill('SIGKILL'))

/** Runs the command: what it says, as it says it, and how it ends. */
function run(...parameters: string[]) {
  const started = spawn(process.execPath, ['--conditions=source', main, ...parameters])
  child = started
  const said = { out: '', err: '' }
  started.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  started.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  const exit = new Promise<number | null>((resolve) => started.on('close', resolve))
  const until = async (wanted: RegExp): Promise<void> => {
    const early = exit.then(() => Promise.reject(new Error(`it ended: ${said.err}`)))
    await Promise.race([early, eventually(() => wanted.test(said.out))])
  }
  return { said, exit, until, signal: (name: NodeJS.Signals) => started.kill(name) }
}

test('the seed of the README is one', async () => {
  const page = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const [, seed = ''] = /^```json\n(.*?)^```/ms.exec(page) ?? []
  const emulator = await startEmulator({ port: 0, seed: JSON.parse(seed) })
  expect(await emulator.issueToken({ username: 'eve@lab.example.com', scope: groupsScope })).toEqual(
    expect.any(String),
  )
  await emulator.close()
})

test('runs, says how to use it, tells what became of each request, and ends well', async () => {
  const seed = join(folder, 'seed.json')
  await writeFile(seed, JSON.stringify({ users: [{ username: 'eve@example.org', name: 'Eve' }] }))
  const { said, exit, until, signal } = run(
    '--port',
    '0',
    '--seed',
    seed,
    '--token-lifetime',
    '30s',
    '--verbose',
  )
  await until(/Ctrl-C/)
  const [, url = ''] = /^Globus emulator at (\S+)$/m.exec(said.out) ?? []
  expect(said.out).toContain(`export GLOBUS_SDK_SERVICE_URL_AUTH=${url}/\n`)
  expect(said.out).toContain(`export GLOBUS_SDK_SERVICE_URL_GROUPS=${url}/\n`)
  expect(said.out).toContain('eve@example.org')
  expect(said.out).toContain('Access tokens live 30s')
  const response = await fetch(`${url}/v2/oauth2/token?private`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'none', refresh_token: 'private' }),
  })
  expect(response.status).toBe(401)
  signal('SIGTERM')
  expect(await exit).toBe(0)
  expect(said.err).toMatch(/^POST \/v2\/oauth2\/token 401 in \d+ ms: .+\n$/)
  expect(said.err).not.toContain('private')
})

test('ends well on Ctrl-C', async () => {
  const { said, exit, until, signal } = run('--port', '0')
  await until(/Ctrl-C/)
  signal('SIGINT')
  expect(await exit).toBe(0)
  expect(said.err).toBe('')
})

describe('says in one line what is wrong:', () => {
  /** Runs the command in this process, where it must fail, and gives what it says. */
  async function fail(...parameters: string[]): Promise<string> {
    let said = ''
    const command = emulatorCommand()
      .exitOverride()
      .configureOutput({
        writeErr: (text) => {
          said += text
        },
      })
    await expect(command.parseAsync(parameters, { from: 'user' })).rejects.toMatchObject({ exitCode: 1 })
    return said
  }

  test.each([
    ['a port', ['--port', '70000'], /A port is a number from 0 to 65535/],
    ['a lifetime', ['--token-lifetime', 'soon'], /Write it like 30s, 10m, 12h or 2d/],
    ['a host', ['--host', '0.0.0.0'], /listens on loopback only/],
    ['a seed that is not there', ['--seed', 'FOLDER/none.json'], /The seed cannot be used: .*no such file/],
    ['a seed that is not JSON', ['--seed', 'FOLDER/broken.json'], /The seed cannot be used/],
    ['a seed of another form', ['--seed', 'FOLDER/empty.json'], /The seed cannot be used: .*users/],
    [
      'a file that is not a state file',
      ['--state', 'FOLDER/empty.json'],
      /cannot be used; move it away to start with an empty state/,
    ],
    ['a folder that is not there', ['--state', 'FOLDER/none/state.json'], /The state cannot be saved in/],
    ['an option', ['--unknown'], /unknown option '--unknown'/],
  ])('%s', async (_, parameters, problem) => {
    await writeFile(join(folder, 'broken.json'), '{')
    await writeFile(join(folder, 'empty.json'), '{}')
    const said = await fail(...parameters.map((parameter) => parameter.replace('FOLDER', folder)))
    expect(said).toMatch(/^error: [^\n]+\n$/)
    expect(said).toMatch(problem)
  })

  test('a port that is taken', async () => {
    const taken = await startEmulator({ port: 0 })
    expect(await fail('--port', new URL(taken.url).port)).toMatch(/^error: Port \d+ is taken.*\n$/)
    await taken.close()
  })
})

import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { type Program, runProgram, startProgram } from './program.ts'

/** The programs of examples/hosting, as processes. */

const example = (name: string): string =>
  fileURLToPath(new URL(`../examples/hosting/src/${name}.ts`, import.meta.url))

let folder: string
let programs: Program[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hosting-'))
  programs = []
})
afterEach(async () => {
  await Promise.all(programs.map((program) => program.signal('SIGKILL')))
  await rm(folder, { recursive: true, force: true })
})

const database = (): string => `sqlite:${join(folder, 'actions.db')}`

async function start(name: string, environment: Record<string, string> = {}): Promise<Program> {
  const program = await startProgram(example(name), { DATABASE_URL: database(), ...environment })
  programs.push(program)
  return program
}

/** What the curl line of a provider's run sends. */
function runLines(stdout: string): { url: string; body: string }[] {
  const lines = stdout.matchAll(/URL=(\S+)\n.*\n.*\/run \\\n +--data '(.*)'/g)
  return [...lines].map(([, url = '', body = '']) => ({ url, body }))
}

const tokenIn = (stdout: string): string => /TOKEN=(\S+)/.exec(stdout)?.[1] ?? ''

async function ask(token: string, url: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(url, { ...init, headers: { authorization: `Bearer ${token}` } })
  return (await answer.json()) as Record<string, unknown>
}

/** Runs an action and waits for its end. */
async function ended(token: string, url: string, body: string): Promise<Record<string, unknown>> {
  const { action_id } = await ask(token, `${url}/run`, { method: 'POST', body })
  return eventually(async () => {
    const status = await ask(token, `${url}/${action_id}/status`)
    return status.status !== 'ACTIVE' && status
  })
}

test('several providers of one program share a listener, a store and a Globus, and stop together', async () => {
  const program = await start('several')
  await eventually(() => program.output().stdout.endsWith('/\n'))
  const { stdout } = program.output()
  const { origin } = new URL(program.url)
  const [echo, countdown] = runLines(stdout)
  expect([echo?.url, countdown?.url]).toEqual([`${origin}/echo`, `${origin}/count-down`])
  const token = tokenIn(stdout)
  expect(await ended(token, `${origin}/echo`, echo?.body ?? '')).toMatchObject({ details: { said: 'text' } })
  expect(await ended(token, `${origin}/count-down`, countdown?.body ?? '')).toMatchObject({
    status: 'SUCCEEDED',
    details: { left: 0 },
  })
  expect((await fetch(`${origin}/readyz`)).status).toBe(200)
  expect((await readdir(folder)).filter((file) => file.endsWith('.db'))).toEqual(['actions.db'])
  const metrics = await (await fetch(`${origin}/metrics`)).text()
  for (const name of ['echo', 'countdown']) {
    expect(metrics).toContain(`action_provider_actions{provider="${name}",status="SUCCEEDED"} 1\n`)
    const path = name === 'echo' ? '/echo' : '/count-down'
    expect((await fetch(`${origin}${path}/docs`)).status).toBe(200)
  }
  expect(await program.signal('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(program.output().stderr).toBe('')
})

test('what it prints has 80 columns at most where it is not to be copied', async () => {
  const program = await start('several')
  await eventually(() => program.output().stdout.endsWith('/\n'))
  const lines = program.output().stdout.split('\n')
  const prose = lines.filter((line) => !/^\{|Bearer|TOKEN=|--data|^ +(alice|bob) /.test(line))
  expect(prose.length).toBeGreaterThan(15)
  expect(prose.filter((line) => line.length > 80)).toEqual([])
})

test('an application made of the parts has the settings, the Globus, the greeting and the stop of serve', async () => {
  const program = await start('own-application')
  await eventually(() => program.output().stdout.endsWith('/\n'))
  const { stdout } = program.output()
  const { origin } = new URL(program.url)
  const [echo] = runLines(stdout)
  expect(await ended(tokenIn(stdout), `${origin}/echo`, echo?.body ?? '')).toMatchObject({
    details: { said: 'text' },
  })
  const later = { request_id: 'later', body: { from: 100 } }
  const token = tokenIn(stdout)
  const started = await ask(token, `${origin}/countdown/run`, { method: 'POST', body: JSON.stringify(later) })
  expect(started).toMatchObject({ status: 'ACTIVE' })
  expect(await ask(token, origin)).toEqual({ providers: ['/echo', '/countdown'] })
  expect(await program.signal('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(program.output().stderr).toBe('')
  expect(existsSync(join(folder, 'actions.db-wal'))).toBe(false)
})

test('such an application refuses wrong settings in words, all at once', async () => {
  const wrong = { PORT: '70000', BODY_LIMIT: '-1', CLIENT_ID: 'x' }
  const { code, stdout, stderr } = await runProgram(example('own-application'), wrong)
  expect([code, stdout]).toEqual([1, ''])
  for (const name of [...Object.keys(wrong).slice(0, 2), 'CLIENT_SECRET', 'SCOPE'])
    expect(stderr).toContain(name)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('the examples of docs/hosting.md are in files that the compiler checks', async () => {
  const files = await readdir(new URL('../examples/hosting/src/', import.meta.url))
  const sources = await Promise.all(
    files.map((file) => readFile(new URL(`../examples/hosting/src/${file}`, import.meta.url), 'utf8')),
  )
  const page = await readFile(new URL('../docs/hosting.md', import.meta.url), 'utf8')
  const examples = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code)
  expect(examples.length).toBeGreaterThan(1)
  for (const code of examples)
    expect(
      sources.some((source) => source.includes(code)),
      code,
    ).toBe(true)
})

import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { documentedAt } from '../packages/action-provider-tools/test/openapi/checked-answers.ts'
import { startPostgres, type TestPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import { eventually } from './eventually.ts'
import { type Globus, type Program, runProgram, startGlobus } from './program.ts'
import { startedPrograms } from './started.ts'

/** The programs of examples/hosting, as processes. */

const example = (name: string): string =>
  fileURLToPath(new URL(`../examples/hosting/src/${name}.ts`, import.meta.url))

let globus: Globus
beforeAll(async () => {
  globus = await startGlobus()
})
afterAll(() => globus.close())
const started = startedPrograms('hosting')

async function start(name: string, environment: Record<string, string | undefined> = {}): Promise<Program> {
  return started.start(example(name), { DATABASE_URL: started.database, ...environment })
}

/** Whether all of the greeting is there. The log goes on behind it. */
const isGreeted = (program: Program): boolean => /GROUPS=\S+\n/.test(program.output().stdout)

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
  await eventually(() => isGreeted(program))
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
  expect((await readdir(started.folder)).filter((file) => file.endsWith('.db'))).toEqual(['actions.db'])
  const metrics = await (await fetch(`${origin}/metrics`)).text()
  for (const name of ['echo', 'countdown']) {
    expect(metrics).toContain(`action_provider_actions{provider="${name}",status="SUCCEEDED"} 1\n`)
    const path = name === 'echo' ? '/echo' : '/count-down'
    expect((await fetch(`${origin}${path}/docs`, { redirect: 'manual' })).status).toBe(302)
  }
  expect(await program.signal('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(program.output().stderr).toBe('')
})

test('what it prints has 80 columns at most where it is not to be copied', async () => {
  const program = await start('several')
  await eventually(() => isGreeted(program))
  const lines = program.output().stdout.split('\n')
  const prose = lines.filter((line) => !/^\{|Bearer|TOKEN=|--data|^ +(alice|bob) /.test(line))
  expect(prose.length).toBeGreaterThan(15)
  expect(prose.filter((line) => line.length > 80)).toEqual([])
})

test('an application made of the parts has the settings, the Globus, the greeting and the stop of serve', async () => {
  const program = await start('own-application')
  await eventually(() => isGreeted(program))
  const { stdout } = program.output()
  const { origin } = new URL(program.url)
  const [echo] = runLines(stdout)
  expect(await ended(tokenIn(stdout), `${origin}/echo`, echo?.body ?? '')).toMatchObject({
    details: { said: 'text' },
  })
  const later = { request_id: 'later', body: { from: 100 } }
  const token = tokenIn(stdout)
  const counting = await ask(token, `${origin}/countdown/run`, {
    method: 'POST',
    body: JSON.stringify(later),
  })
  expect(counting).toMatchObject({ status: 'ACTIVE' })
  expect(await ask(token, origin)).toEqual({ providers: ['/echo', '/countdown'] })
  expect(await program.signal('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(program.output().stderr).toBe('')
  expect(existsSync(join(started.folder, 'actions.db-wal'))).toBe(false)
})

test('such an application refuses wrong settings in words, all at once', async () => {
  const wrong = { PORT: '70000', BODY_LIMIT: '-1', CLIENT_ID: 'x' }
  const { code, stdout, stderr } = await runProgram(example('own-application'), wrong)
  expect([code, stdout]).toEqual([1, ''])
  for (const name of [...Object.keys(wrong).slice(0, 2), 'CLIENT_SECRET', 'SCOPE'])
    expect(stderr).toContain(name)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('Hono serves an application through the Web-standard handler, its work included, and stops', async () => {
  const program = await start('hono', globus.environment)
  const { origin } = new URL(program.url)
  documentedAt(`${origin}/countdown`)
  const token = await globus.token('alice')
  expect(await (await fetch(origin)).text()).toContain('/echo and /countdown')
  const counted = JSON.stringify({ request_id: 'one', body: { from: 2 } })
  expect(await ended(token, `${origin}/countdown`, counted)).toMatchObject({ details: { left: 0 } })
  expect((await fetch(`${origin}/echo`)).headers.get('content-type')).toContain('application/json')
  expect(program.output().stdout).toContain('"from":"127.0.0.1"')
  expect(await program.signal('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(program.output().stderr).toBe('')
})

describe('Lambda', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.close())

  test("answers the gateway's events, whose work a worker elsewhere does", async () => {
    const environment = { ...globus.environment, DATABASE_URL: postgres.url }
    const authorization = `Bearer ${await globus.token('alice')}`
    const [echoed, counted, listed, refused] = await invoke({ ...environment, ROLE: 'serve' }, [
      event('POST', '/echo/run', { authorization, body: { request_id: 'one', body: { text: 'hey' } } }),
      event('POST', '/countdown/run', { authorization, body: { request_id: 'one', body: { from: 2 } } }),
      event('GET', '/echo/actions', { authorization, query: { status: 'succeeded,failed' } }),
      event('GET', '/echo/actions', {}),
    ])
    expect(echoed).toMatchObject({ statusCode: 202, headers: { 'x-content-type-options': 'nosniff' } })
    expect(JSON.parse(echoed?.body ?? '')).toMatchObject({ status: 'SUCCEEDED', details: { said: 'hey' } })
    expect(JSON.parse(listed?.body ?? '')).toMatchObject([{ details: { said: 'hey' } }])
    expect([listed?.statusCode, refused?.statusCode]).toEqual([200, 401])
    const waiting = JSON.parse(counted?.body ?? '')
    expect([counted?.statusCode, waiting.status]).toEqual([202, 'ACTIVE'])

    const worker = await start('several', { ...environment, ROLE: 'work' })
    const { origin } = new URL(worker.url)
    const url = `${origin}/count-down/${waiting.action_id}/status`
    await eventually(async () => (await ask(authorization.slice(7), url)).status === 'SUCCEEDED')
  })
})

type LambdaAnswer = { statusCode: number; headers: Record<string, string>; body: string }

/** An event of API Gateway's HTTP APIs (payload format 2.0). Its body is in base64, as for types that it does not know. */
function event(
  method: string,
  path: string,
  { authorization, body, query = {} }: { authorization?: string; body?: object; query?: object },
): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: `${new URLSearchParams({ ...query })}`,
    ...(Object.keys(query).length > 0 && { queryStringParameters: query }),
    headers: {
      host: 'abc.execute-api.example.org',
      'x-forwarded-for': '203.0.113.9',
      ...(authorization && { authorization }),
    },
    requestContext: {
      requestId: 'of-the-gateway',
      stage: '$default',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.9', userAgent: 'test' },
    },
    ...(body && { body: Buffer.from(JSON.stringify(body)).toString('base64') }),
    isBase64Encoded: body !== undefined,
  }
}

/** Gives events to the function, one after the other, in a process of its own, as Lambda does. */
async function invoke(
  environment: Record<string, string | undefined>,
  events: object[],
): Promise<LambdaAnswer[]> {
  const program = join(started.folder, 'invoke.mjs')
  await writeFile(
    program,
    `import { writeFileSync } from 'node:fs'
    const { handler } = await import(${JSON.stringify(new URL('../examples/hosting/src/lambda.ts', import.meta.url).href)})
    const answers = []
    for (const event of ${JSON.stringify(events)}) answers.push(await handler(event, {}))
    writeFileSync(${JSON.stringify(join(started.folder, 'answers.json'))}, JSON.stringify(answers))
    process.exit(0)`,
  )
  const { code, stdout, stderr } = await runProgram(program, environment)
  expect([code, stderr]).toEqual([0, ''])
  // The caller's address is the gateway's word, for limits and the log.
  expect(stdout.match(/"from":"203\.0\.113\.9"/g)).toHaveLength(events.length)
  return JSON.parse(await readFile(join(started.folder, 'answers.json'), 'utf8'))
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { type Globus, type Program, runProgram, startGlobus, watchasay } from './program.ts'
import { startedPrograms } from './started.ts'

let globus: Globus
beforeAll(async () => {
  globus = await startGlobus()
})
afterAll(() => globus.close())
const started = startedPrograms('start')

async function start(environment: Record<string, string | undefined> = {}): Promise<Program> {
  return started.start(watchasay, { DATABASE_URL: started.database, ...environment })
}

/** A refusal to start: what it says, in lines. It shows no stack. */
async function refusal(environment: Record<string, string | undefined>): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram(watchasay, {
    DATABASE_URL: started.database,
    ...environment,
  })
  expect(code).toBe(1)
  expect(stdout).not.toContain('serves at')
  expect(stderr).not.toMatch(/^\s+at /m)
  return stderr.trimEnd().split('\n')
}

/** Whether nothing listens at a URL. */
const isGone = (url: string | URL): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  )

describe('without credentials', () => {
  test('it serves with the emulator beside it, and what it prints works', async () => {
    const program = await start()
    const { stdout } = program.output()
    const [, alice] = /alice\s+(\S+)/.exec(stdout) ?? []
    const [, bob] = /bob\s+(\S+)/.exec(stdout) ?? []
    expect(new Set([alice, bob, undefined]).size).toBe(3)
    const curl = /curl .*\n.*--data '(.*)'/.exec(stdout)?.[1] ?? ''
    const answer = await fetch(`${program.url}/run`, {
      method: 'POST',
      headers: { authorization: `Bearer ${alice}` },
      body: curl,
    })
    expect(answer.status).toBe(202)
    expect(await answer.json()).toMatchObject({ status: 'SUCCEEDED', details: { you_said: 'hey' } })
    expect((await fetch(new URL('/healthz', program.url))).status).toBe(200)
  })

  test('tokens, actions and the client outlive a restart', async () => {
    const first = await start()
    const token = /alice\s+(\S+)/.exec(first.output().stdout)?.[1]
    const run = (program: Program): Promise<Response> =>
      fetch(`${program.url}/run`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ request_id: 'once', body: { input_string: 'x' } }),
      })
    const before = await run(first)
    expect(before.status).toBe(202)
    expect(await first.signal('SIGTERM')).toEqual({ code: 0, signal: null })
    const after = await run(await start())
    expect(after.status).toBe(200)
    expect(await after.json()).toEqual(await before.json())
  })
})

test('with credentials it asks Globus Auth, once for fifty requests at once, and prints no token', async () => {
  const program = await start(globus.environment)
  expect(program.output().stdout).not.toMatch(/alice|bob|TOKEN/)
  const token = await globus.token('alice')
  const introspections = async (): Promise<number> => (await globus.emulator.requests()).introspect
  const before = await introspections()
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      fetch(`${program.url}/run`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ request_id: `${index}`, body: { input_string: 'x' } }),
      }),
    ),
  )
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(202))
  expect((await introspections()) - before).toBe(1)
})

test('it stops when the npm that started it is told to, though the shell between them passes nothing on', async () => {
  const script = spawn('sh', ['-c', `"${process.execPath}" --conditions=source "${watchasay}"; true`], {
    env: { ...globus.environment, npm_lifecycle_event: 'start', DATABASE_URL: started.database, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  for await (const text of script.stdout.setEncoding('utf8')) {
    output += text
    if (/serves at \S+\n/.test(output)) break
  }
  const url = /serves at (\S+)/.exec(output)?.[1] ?? ''
  expect((await fetch(url)).status).toBe(200)
  script.kill('SIGTERM')
  await eventually(() => isGone(url))
})

describe('it refuses to start, and says what to do', () => {
  test('where some of the credentials are set and others not', async () => {
    const lines = await refusal({ CLIENT_ID: 'x' })
    expect(lines.join('\n')).toMatch(/CLIENT_SECRET is missing: /)
    expect(lines.join('\n')).toMatch(/SCOPE is missing: /)
    expect(lines.join('\n')).not.toMatch(/CLIENT_ID is missing/)
  })

  test('in production without credentials', async () => {
    const text = (await refusal({ NODE_ENV: 'production' })).join('\n')
    for (const name of ['CLIENT_ID', 'CLIENT_SECRET', 'SCOPE']) expect(text).toContain(`${name} is missing`)
  })

  test.each(['0.0.0.0', '::', '192.0.2.1', 'localhost.example.org'])(
    'without credentials where other machines can reach it: HOST=%s',
    async (host) => {
      const text = (await refusal({ HOST: host })).join('\n')
      expect(text).toContain(`HOST=${host}`)
      expect(text).toContain('set CLIENT_ID, CLIENT_SECRET and SCOPE, or leave HOST out')
    },
  )

  test('every error of the configuration at once', async () => {
    const wrong = {
      PORT: '70000',
      EMULATOR_PORT: 'x',
      BODY_LIMIT: '-1',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://x',
      GLOBUS_SDK_ENVIRONMENT: 'moon',
      GLOBUS_SDK_SERVICE_URL_AUTH: 'ftp://x',
      GLOBUS_SDK_SERVICE_URL_GROUPS: 'nothing',
      SECRETS_KEY: 'short',
      ROLE: 'idle',
      SHUTDOWN_GRACE: 'long',
      RATE_LIMIT: '0',
      MAX_REQUESTS: 'many',
      MAX_REQUESTS_PER_CALLER: '0',
      TRACE_SHARE: '2',
      METRICS: 'yes',
      TRUST_PROXY: '10.0.0.0/33',
    }
    const text = (await refusal(wrong)).join('\n')
    for (const name of Object.keys(wrong)) expect(text).toContain(name)
  })

  test('a taken port', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const lines = await refusal({ ...globus.environment, PORT: `${port}` })
    expect(lines).toEqual([expect.stringContaining(`Port ${port} is taken`)])
    expect(await refusal({ EMULATOR_PORT: `${port}` })).toEqual([
      expect.stringContaining(`Port ${port} is taken`),
    ])
    other.close()
  })

  test('a host that is not of this machine', async () => {
    expect(await refusal({ ...globus.environment, HOST: '192.0.2.1' })).toEqual([
      expect.stringContaining('HOST 192.0.2.1'),
    ])
  })

  test('a database path that cannot be written', async () => {
    await writeFile(join(started.folder, 'file'), '')
    const lines = await refusal({ DATABASE_URL: `sqlite:${join(started.folder, 'file', 'actions.db')}` })
    expect(lines).toEqual([expect.stringContaining(join(started.folder, 'file', 'actions.db'))])
  })

  test('a corrupt database, which it leaves as it is', async () => {
    const path = join(started.folder, 'actions.db')
    const content = Buffer.alloc(8192, 'no database')
    await writeFile(path, content)
    expect(await refusal({})).toEqual([expect.stringContaining(path)])
    expect(await readFile(path)).toEqual(content)
  })

  test('a database that another process works on', async () => {
    await start(globus.environment)
    expect(await refusal(globus.environment)).toEqual([
      expect.stringContaining(join(started.folder, 'actions.db')),
    ])
  })
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} lets requests in flight finish, and ends with 0`, async () => {
    const program = await start(globus.environment)
    const body = JSON.stringify({ request_id: 'late', body: { input_string: 'late' } })
    const url = new URL(program.url)
    const socket = connect(Number(url.port), '127.0.0.1').setEncoding('utf8')
    let answer = ''
    socket.on('data', (text: string) => {
      answer += text
    })
    // The token must be known before, so that the server is seen to be inside the request.
    const authorization = `Bearer ${await globus.token('alice')}`
    await fetch(`${program.url}/actions`, { headers: { authorization } })
    socket.write(
      `POST /skeleton/run HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Length: ${body.length}\r\n` +
        `Expect: 100-continue\r\n\r\n`,
    )
    while (!answer.includes('100 Continue')) await once(socket, 'data')
    socket.write(body.slice(0, 10))
    program.child.kill(signal)
    // It listens no more once it has begun to stop.
    await eventually(() => isGone(new URL('/healthz', program.url)))
    socket.write(body.slice(10))
    await once(socket, 'close')
    expect(answer).toContain('HTTP/1.1 202')
    expect(answer).toContain('"you_said":"late"')
    expect(await program.ended).toEqual({ code: 0, signal: null })
  })
}

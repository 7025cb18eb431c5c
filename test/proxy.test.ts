import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  freePort,
  startPostgres,
  type TestPostgres,
} from '../packages/action-provider-tools/test/postgres.ts'
import { eventually } from './eventually.ts'
import { type Globus, type Program, startGlobus, startProgram, watchasay } from './program.ts'

/** Two instances behind nginx, by the file that docs/deployment.md gives: TLS, a path in front, and an upgrade. */

const nginx = '/usr/sbin/nginx'
const missing = existsSync(nginx) ? undefined : 'there is no nginx: apt-get install nginx-light'

let folder: string
let globus: Globus
let postgres: TestPostgres
let token: string
let proxy: ChildProcess | undefined
let port: number
const ports: number[] = []
const instances: Program[] = []

beforeAll(async () => {
  if (missing) return
  folder = await mkdtemp(join(tmpdir(), 'proxy-'))
  postgres = await startPostgres()
  globus = await startGlobus()
  token = await globus.token('alice')
  for (let count = 0; count < 2; count++) {
    ports.push(await freePort())
    await startInstance(count)
  }
  port = await freePort()
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=provider.example.org'],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')],
  ])
  await writeFile(join(folder, 'nginx.conf'), configuration())
  proxy = spawn(nginx, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' })
  await eventually(async () => (await ask('GET', '').catch(() => undefined))?.status === 200)
}, 120_000)
afterAll(async () => {
  if (missing) return
  if (proxy?.exitCode === null) {
    proxy.kill('SIGTERM')
    await once(proxy, 'close')
  }
  await Promise.all(instances.map((program) => program.signal('SIGKILL')))
  await globus.close()
  await postgres.close()
  await rm(folder, { recursive: true, force: true })
})

/** The file of the guide on ports and with a certificate of the test, in the smallest frame that nginx takes. */
function configuration(): string {
  const file = readFileSync(new URL('../docs/nginx/action-provider.conf', import.meta.url), 'utf8')
  const own = file
    .replace('127.0.0.1:5000', `127.0.0.1:${ports[0]}`)
    .replace('127.0.0.1:5010', `127.0.0.1:${ports[1]}`)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('/etc/ssl/certs/provider.example.org.pem', join(folder, 'certificate.pem'))
    .replace('/etc/ssl/private/provider.example.org.key', join(folder, 'key.pem'))
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
    daemon off;
    pid ${folder}/nginx.pid;
    events {}
    http {
      access_log off;
      ${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
      ${own}
    }`
}

async function startInstance(index: number): Promise<void> {
  instances[index] = await startProgram(watchasay, {
    ...globus.environment,
    DATABASE_URL: postgres.url,
    PORT: `${ports[index]}`,
    TRUST_PROXY: 'loopback',
    RATE_LIMIT: '100000',
  })
}

type Answer = { status: number; headers: Record<string, unknown>; text: string }

/**
 * Asks the proxy, as somebody outside does. Its answers are not compared with an OpenAPI document, because nginx gives some of
 * them itself.
 */
function ask(method: string, path: string, body?: object, headers: object = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        ...{ host: '127.0.0.1', port, method, path: `/science/skeleton${path}` },
        ca: readFileSync(join(folder, 'certificate.pem')),
        servername: 'provider.example.org',
        headers: { host: 'provider.example.org', authorization: `Bearer ${token}`, ...headers },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.on('error', reject)
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
      },
    )
    sent.on('error', reject)
    sent.end(body && JSON.stringify(body))
  })
}

const echo = (request_id: string): object => ({ request_id, body: { input_string: 'hey' } })

test('a path in front does no harm: every page of a list is found, and so is what OpenAPI describes', async (context) => {
  if (missing) return context.skip(missing)
  for (const name of ['one', 'two', 'three']) {
    expect((await ask('POST', '/run', echo(`list-${name}`))).status).toBe(202)
  }
  const listed: string[] = []
  let next: string | undefined = '/actions?status=succeeded&per_page=1'
  while (next !== undefined) {
    const { text, headers }: Answer = await ask('GET', next)
    listed.push(...JSON.parse(text).map(({ action_id }: { action_id: string }) => action_id))
    const link = /<(.*)>; rel="next"/.exec(`${headers.link}`)?.[1]
    const base = 'https://provider.example.org/science/skeleton'
    next = link && new URL(link, `${base}${next}`).href.slice(base.length)
  }
  expect(new Set(listed).size).toBe(3)
  const { servers } = JSON.parse((await ask('GET', '/openapi.json')).text)
  const described = new URL(servers[0].url, 'https://provider.example.org/science/skeleton/openapi.json')
  expect(described.pathname.replace(/\/$/, '')).toBe('/science/skeleton')
})

test('what is for the inside stays inside, and addresses are those that nginx saw', async (context) => {
  if (missing) return context.skip(missing)
  for (const path of ['/metrics', '/healthz', '/readyz']) {
    expect((await ask('GET', `/..${path}`)).status).toBe(404)
    expect((await ask('GET', `/../..${path}`)).status).toBe(404)
  }
  await ask('GET', '', undefined, { 'x-forwarded-for': '203.0.113.7', 'x-request-id': 'spoofed' })
  const logs = (): string => instances.map((program) => program.output().stdout).join('')
  await eventually(() => logs().includes('"reqId":"spoofed"'))
  expect(logs()).not.toContain('203.0.113.7')
})

test('while one instance after the other is replaced, no request fails and each action is there once', {
  timeout: 120_000,
}, async (context) => {
  if (missing) return context.skip(missing)
  let replaced = false
  let number = 0
  const seen = new Map<string, string>()
  const callers = Array.from({ length: 8 }, async () => {
    while (!replaced) {
      const name = `upgrade-${number++}`
      const { status, text } = await ask('POST', '/run', echo(name))
      expect([status, text]).toEqual([202, expect.stringContaining('SUCCEEDED')])
      const { action_id } = JSON.parse(text)
      expect((await ask('GET', `/${action_id}/status`)).status).toBe(200)
      seen.set(name, action_id)
    }
  })
  const replace = async (): Promise<void> => {
    for (const index of [0, 1]) {
      const before = seen.size
      expect(await instances[index]?.signal('SIGTERM')).toEqual({ code: 0, signal: null })
      await startInstance(index)
      await eventually(() => seen.size > before + 20)
    }
    replaced = true
  }
  await Promise.all([replace(), ...callers])
  expect(new Set(seen.values()).size).toBe(seen.size)
  for (const [name, action_id] of seen) {
    const { status, text } = await ask('POST', '/run', echo(name))
    expect([status, JSON.parse(text).action_id]).toEqual([200, action_id])
  }
})

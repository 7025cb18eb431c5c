import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Machine, type Run, steady } from './cli.ts'
import { createWorld, type World } from './world.ts'

let world: World
let home: Machine
const servers: Server[] = []

beforeAll(async () => {
  world = await createWorld()
  home = await world.machine({ ACTION_TOKEN: 'a-token-that-nobody-may-see' })
})
afterAll(async () => {
  for (const server of servers) server.close()
  await world.close()
})

async function listen(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers everything with one status and document. */
function answers(status: number, document: unknown, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers })
    response.end(typeof document === 'string' ? document : JSON.stringify(document))
  }
}

/** One line on stderr, nothing on stdout: what went wrong and what to do. */
function told({ code, stdout, stderr }: Run): string {
  expect(stdout).toBe('')
  expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  return `${code} ${steady(stderr)}`
}

const list = async (url: string): Promise<string> => told(await home.run(['list', '-u', url]))

describe('a wrong command line', () => {
  test.each([
    [['nonsense']],
    [['run', '--nonsense']],
    [['status']],
    [['list', '--status', 'done', '-u', 'http://127.0.0.1:1/']],
    [['list', '--limit', 'all']],
    [['log', 'id', '--watch', '--reverse']],
    [['introspect', '--format', 'xml']],
    [['introspect']],
    [['introspect', '-u', 'example.org']],
    [['introspect', '-u', 'http://me:secret@127.0.0.1/']],
    [['status', '..', '-u', 'http://127.0.0.1:1/']],
    [['completion', 'bash']],
  ])('%j', async (args) => {
    expect(told(await home.run(args))).toMatchSnapshot()
  })
  test('with a bad setting of the environment', async () => {
    expect(
      told(
        await home.run(['whoami'], {
          env: { GLOBUS_SDK_SERVICE_URL_AUTH: '', GLOBUS_SDK_ENVIRONMENT: 'mars' },
        }),
      ),
    ).toMatchSnapshot()
    expect(
      told(await home.run(['whoami'], { env: { GLOBUS_SDK_SERVICE_URL_AUTH: 'http://example.org' } })),
    ).toMatchSnapshot()
    const noClient = { GLOBUS_SDK_SERVICE_URL_AUTH: 'https://127.0.0.1:1/', NO_PROXY: '*' }
    expect(told(await home.run(['login'], { env: noClient }))).toMatchSnapshot()
  })
})

describe('a body', () => {
  test.each([['{"a": }'], ['[1]'], ['42'], ['"text"'], ['nowhere.json'], ['@nowhere.json'], ['folder']])(
    'that is %s',
    async (body) => {
      await mkdir(join(home.folder, 'folder'), { recursive: true })
      expect(told(await home.run(['run', '-u', 'http://127.0.0.1:1/', '--body', body]))).toMatchSnapshot()
    },
  )
  test('that is missing, or empty', async () => {
    expect(told(await home.run(['run', '-u', 'http://127.0.0.1:1/']))).toMatchSnapshot()
    expect(told(await home.run(['run', '-u', 'http://127.0.0.1:1/', '-b', '-']))).toMatchSnapshot()
  })
})

describe('a provider', () => {
  test('that is not there', async () => {
    const server = createServer()
    const address = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    expect(await list(`http://${address}/`)).toMatchSnapshot()
    expect(await list('http://no-such-host.invalid/')).toContain('use the https:// URL')
    expect(told(await home.run(['introspect', '-u', 'http://no-such-host.invalid/']))).toMatchSnapshot()
  })
  test('that is none', async () => {
    const page = await listen(createServer(answers(200, '<p>hi</p>', { 'content-type': 'text/html' })))
    expect(told(await home.run(['introspect', '-u', `http://${page}/`]))).toMatchSnapshot()
    const other = await listen(createServer(answers(200, { hello: 'world' })))
    expect(await list(`http://${other}/`)).toMatchSnapshot()
    expect(told(await home.run(['introspect', '-u', `http://${other}/`]))).toMatchSnapshot()
  })
  test('that has no OpenAPI document, or shows it to some alone', async () => {
    const description = { title: 'Old', globus_auth_scope: 'https://auth.globus.org/scopes/x/action_all' }
    const openapi = async (status: number): Promise<string> => {
      const address = await listen(
        createServer((request, response) =>
          (request.url === '/openapi.json' ? answers(status, '<h1>?</h1>') : answers(200, description))(
            request,
            response,
          ),
        ),
      )
      const options = ['--action-scope', 'https://example.org/scope', '--trust']
      return told(await home.run(['openapi', '-u', `http://${address}/`, ...options]))
    }
    expect(await openapi(404)).toMatchSnapshot()
    expect(await openapi(403)).toMatchSnapshot()
    expect(await openapi(502)).toMatchSnapshot()
  })
  test('whose certificate nobody trusts, or that has none', async () => {
    const [key, cert] = await certificate(home.folder)
    const tls = await listen(createTlsServer({ key, cert }, answers(200, {})))
    expect(await list(`https://${tls}/`)).toMatchSnapshot()
    const plain = await listen(createServer(answers(200, {})))
    expect(await list(`https://${plain}/`)).toMatchSnapshot()
    const trusting = await home.run(['list', '-u', `https://${tls}/`], {
      env: { NODE_EXTRA_CA_CERTS: join(home.folder, 'cert.pem') },
    })
    expect(trusting.stderr).toContain('the expected list of actions')
  })
  test('that cuts the connection', async () => {
    const address = await listen(createServer((request) => request.socket.destroy()))
    expect(await list(`http://${address}/`)).toMatchSnapshot()
  })
  test('that would have the token sent elsewhere', async () => {
    const seen: (string | undefined)[] = []
    const thief = await listen(
      createServer((request, response) => {
        seen.push(request.headers.authorization)
        response.end()
      }),
    )
    const address = await listen(createServer(answers(307, {}, { location: `http://${thief}/` })))
    expect(await list(`http://${address}/`)).toMatchSnapshot()
    expect(seen).toEqual([])
  })
  test.each([
    [400, { code: 'BadActionRequest', description: 'The body is no JSON' }, {}],
    [401, { code: 'UnauthorizedRequest', description: 'The token has expired' }, {}],
    [403, { code: 'ForbiddenRequest', description: 'You are not in runnable_by' }, {}],
    [404, { code: 'ActionNotFound', description: 'There is no such action' }, {}],
    [404, { code: 'NotFound', description: 'There is nothing at this path' }, {}],
    [404, 'Not found', { 'content-type': 'text/plain' }],
    [409, { code: 'ActionConflict', description: 'This action is not complete' }, {}],
    [
      422,
      { code: 'RequestValidationError', description: "Field '$.x' (category: 'type'): must be a string" },
      {},
    ],
    [429, { code: 'TooManyRequests', description: 'Slowly' }, { 'retry-after': '7' }],
    [500, { code: 'ActionProviderError', description: 'The action provider failed' }, {}],
    [502, '<h1>Bad Gateway</h1>', { 'content-type': 'text/html' }],
    [
      503,
      { code: 'ServiceUnavailable', description: 'Globus Auth cannot be reached' },
      { 'retry-after': '30' },
    ],
  ] as const)('that answers %i %j', async (status, document, headers) => {
    const address = await listen(createServer(answers(status, document, headers)))
    expect(await list(`http://${address}/`)).toMatchSnapshot()
  })
  test('whose words would play with the terminal', async () => {
    const description = '\u001b[2J\u001b]0;owned\u0007line\r\nline\u202e'
    const address = await listen(createServer(answers(409, { code: 'ActionConflict', description })))
    expect(await list(`http://${address}/`)).toBe(
      '2 error: The provider cannot do that now (ActionConflict: line line); "action-provider status" shows how an action is\n',
    )
  })
  test('that is shown to some alone', async () => {
    const address = await listen(
      createServer(answers(401, { code: 'UnauthorizedRequest', description: 'Who?' })),
    )
    const run = await home.run(['introspect', '-u', `http://${address}/`], { env: { ACTION_TOKEN: '' } })
    expect(told(run)).toMatchSnapshot()
  })
})

describe('files', () => {
  test('that cannot be read', async () => {
    expect(
      told(await home.run(['list', '-u', 'http://127.0.0.1:1/', '--token-file', 'nowhere'])),
    ).toMatchSnapshot()
    await writeFile(join(home.folder, '.env'), 'CLIENT_SECRET=x\n')
    await chmod(join(home.folder, '.env'), 0o600)
    expect(told(await home.run(['provider', 'show']))).toMatchSnapshot()
  })
})

/** A certificate that nobody has heard of. */
async function certificate(folder: string): Promise<[key: string, cert: string]> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', cert, '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
  ])
  return [await readFile(key, 'utf8'), await readFile(cert, 'utf8')]
}

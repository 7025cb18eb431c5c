import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApplication, defineActionProvider } from '../src/index.ts'
import { type Served, serveForTest } from './served.ts'

/** Requests that are hardly HTTP, sent as bytes: each gets an error document with the headers of all answers. */

const echo = defineActionProvider({
  description: { admin_contact: 'support@example.org', title: 'echo', synchronous: true },
  input: { type: 'object' },
  run: ({ input }) => ({ ...(input as object) }),
})

let served: Served
let token: string
beforeAll(async () => {
  served = await serveForTest(echo)
  token = served.auth.caller({ username: 'alice' }).token
})
afterAll(() => served.close())

type Raw = { status: number; headers: Record<string, string>; body: string; text: string }

/** Sends bytes as they are and reads to the end of the connection. */
async function send(bytes: string, port = (served.app.server.address() as AddressInfo).port): Promise<Raw> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(bytes)
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) text += chunk
  const [head = '', ...body] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line) => line.split(': ') as [string, string])
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: body.join(''),
    text,
  }
}

function expectDocument(answer: Raw, status: number, code = 'BadActionRequest'): void {
  expect([answer.status, answer.text]).toEqual([status, expect.any(String)])
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-request-id': expect.stringMatching(/^[\w.-]+$/),
  })
  expect(JSON.parse(answer.body)).toEqual({ code, description: expect.any(String) })
}

const start = 'POST /p/run HTTP/1.1\r\nhost: x\r\n'

test.each([
  [431, `GET /p HTTP/1.1\r\nhost: x\r\nx-huge: ${'x'.repeat(20_000)}\r\n\r\n`],
  [400, `${start}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  [400, `${start}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`],
  [400, `${start}content-length: -1\r\n\r\n`],
  [400, `${start}x-bad\u0000: 1\r\n\r\n`],
  [400, 'GET /p HTTP/1.1\r\nhost: x\r\n folded: 1\r\n\r\n'],
  [400, 'nonsense\r\n\r\n'],
] as const)('what is no HTTP: %i %j', async (status, bytes) => {
  expectDocument(await send(bytes), status)
})

test.each([
  ['two Authorization headers', 'host: x\r\nauthorization: Bearer TOKEN\r\nAuthorization: Bearer other'],
  ['the same Authorization twice', 'host: x\r\nauthorization: Bearer TOKEN\r\nauthorization: Bearer TOKEN'],
  ['two Host headers', 'host: x\r\nHOST: y\r\nauthorization: Bearer TOKEN'],
  ['no Host', 'authorization: Bearer TOKEN'],
])('who asks, or where, is not clear: %s', async (_name, headers) => {
  for (const path of ['/p', '/p/actions', '/healthz', '/nowhere']) {
    const lines = headers.replaceAll('TOKEN', token)
    expectDocument(await send(`GET ${path} HTTP/1.1\r\n${lines}\r\nconnection: close\r\n\r\n`), 400)
  }
})

test('HTTP/1.0 needs no Host', async () => {
  expect((await send('GET /p HTTP/1.0\r\n\r\n')).status).toBe(200)
})

test.each(['nothing', '200-ok', 'x'.repeat(1_000)])(
  'an expectation that is unknown: %s',
  async (expected) => {
    const answer = await send(
      `${start}expect: ${expected}\r\nx-request-id: mine\r\nauthorization: Bearer ${token}\r\ncontent-length: 2\r\n\r\n{}`,
    )
    expectDocument(answer, 417)
    expect(answer.headers['x-request-id']).toBe('mine')
  },
)

test.each([
  undefined,
  '',
  'x',
  'json',
  'text',
  ';',
  '/',
  'application/json; charset=latin1',
  'text/plain',
  'multipart/form-data',
  'application/x-www-form-urlencoded',
  '\u00e9',
])('a body is JSON whatever its content type says: %j', async (type) => {
  const body = JSON.stringify({ request_id: `type ${type}`, body: { said: 'hey' } })
  const line = type === undefined ? '' : `content-type: ${type}\r\n`
  const head = `host: x\r\n${line}authorization: Bearer ${token}\r\nconnection: close\r\n`
  const { status, text } = await send(
    `POST /p/run HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  expect([status, text]).toEqual([202, expect.stringContaining('"said":"hey"')])
  const id = /"action_id":"([^"]+)"/.exec(text)?.[1]
  expect((await send(`DELETE /p/actions/${id} HTTP/1.1\r\n${head}content-length: 2\r\n\r\n{}`)).status).toBe(
    200,
  )
})

describe('a hook of the application that throws', () => {
  const HOOKS = [
    'onRequest',
    'preParsing',
    'preValidation',
    'preHandler',
    'preSerialization',
    'onSend',
  ] as const
  const THROWS: Record<string, () => unknown> = {
    'an error': () => {
      throw new Error('secret of the hook')
    },
    'an error, later': () => Promise.reject(new Error('secret of the hook')),
    'an error with a status': () => {
      throw Object.assign(new Error('secret of the hook'), { statusCode: 403 })
    },
    'no error': () => {
      throw 'secret of the hook'
    },
  }
  const cases = HOOKS.flatMap((hook) => Object.keys(THROWS).map((what) => [hook, what] as const))

  test.each(cases)('ends in the error document: %s, %s', async (hook, what) => {
    const act = THROWS[what] as () => unknown
    const own = await serveForTest(echo, {
      prepare(app) {
        const throwing = what === 'an error, later' ? async () => act() : () => act()
        app.addHook(hook as 'onRequest', throwing as () => Promise<void>)
        app.get('/own', async () => ({ fine: true }))
      },
    })
    const { port } = own.app.server.address() as AddressInfo
    const { token } = own.auth.caller({ username: 'alice' })
    const ask = (line: string, body = ''): Promise<Raw> =>
      send(
        `${line} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        port,
      )
    const answers = await Promise.all([
      ask('GET /p'),
      ask('POST /p/run', '{"request_id":"1","body":{}}'),
      ask('GET /p/nothing/status'),
      ask('GET /own'),
    ])
    for (const [index, answer] of answers.entries()) {
      expect(answer.text).not.toContain('secret')
      if (hook === 'preSerialization' && index < 3) continue
      expectDocument(answer, 500, 'ActionProviderError')
    }
    // Nothing is held by what failed.
    await own.close()
  })

  test('when it throws undefined, lets nobody in', async () => {
    const own = await serveForTest(echo, {
      prepare: (app) =>
        app.addHook('onRequest', () => {
          throw undefined
        }),
    })
    for (const path of ['/p/actions', '/p/nothing/status', '/p/run']) {
      const { status } = await own.ask(undefined, path === '/p/run' ? 'POST' : 'GET', path, undefined)
      expect(status).toBeGreaterThanOrEqual(400)
    }
    await own.close()
  })

  test('keeps no place', async () => {
    const own = await serveForTest(echo, {
      application: { limits: { requestsAtOnce: 2, requestsPerCaller: 2 } },
      prepare: (app) =>
        app.addHook('onSend', async (request) => {
          if (request.headers['x-throw'] !== undefined) throw new Error('thrown')
        }),
    })
    for (let count = 0; count < 5; count++) {
      expect((await own.ask(undefined, 'GET', '/p', undefined, { 'x-throw': '1' })).status).toBe(500)
    }
    expect((await own.ask(undefined, 'GET', '/p')).status).toBe(200)
    await own.close()
  })
})

test('an application without providers answers as they do', async () => {
  const app = createApplication({ logger: false })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  expectDocument(await send('GET / HTTP/1.1\r\nconnection: close\r\n\r\n', port), 400)
  expectDocument(await send('nonsense\r\n\r\n', port), 400)
  await app.close()
})

import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { createApplication, defineActionProvider } from '../src/index.ts'
import { type Answer, type Served, serveForTest } from './served.ts'

/** Requests that mean harm, over HTTP on a listening server: docs/security.md says what each of them is about. */

const contact = { admin_contact: 'support@example.org' }
const echo = defineActionProvider({
  description: { ...contact, title: 'echo', synchronous: true, log_supported: true },
  input: { type: 'object', properties: { input_string: { type: 'string' } }, required: ['input_string'] },
  run: ({ input }) => ({ you_said: input.input_string }),
})
const other = defineActionProvider({
  description: { ...contact, title: 'other', synchronous: false, log_supported: true },
  input: { type: 'object' },
  run: async ({ pause }) => pause({ code: 'Wait', description: 'Until somebody resumes it' }),
})
const patterns = defineActionProvider({
  description: { ...contact, title: 'patterns', synchronous: true },
  input: {
    type: 'object',
    properties: {
      nested: { type: 'string', pattern: '^(a+)+$' },
      alternating: { type: 'string', pattern: '^(a|aa|a?)*$' },
      referring: { type: 'string', pattern: '^(a*)*\\1b$' },
      ahead: { type: 'string', pattern: '^(?=(a+)+$)b' },
    },
    patternProperties: { '^(x+x+)+y$': { type: 'string' } },
  },
  run: () => ({}),
})

let served: Served
const lines: string[] = []
beforeAll(async () => {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  served = await serveForTest([echo, other, patterns], {
    application: { logger: { level: 'trace', stream } },
  })
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })
const mallory = (): { token: string; urn: string } => served.auth.caller({ username: 'mallory' })
const run = (
  caller: { token: string },
  request_id: string,
  more: object = {},
  prefix = '/p',
): Promise<Answer> =>
  served.ask(caller, 'POST', `${prefix}/run`, { request_id, body: { input_string: 'hey' }, ...more })

type Raw = { status: number; headers: IncomingHttpHeaders; text: string }

/** Asks without anything that `fetch` would mend. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: Buffer | string,
): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const { port } = served.app.server.address() as AddressInfo
    const sent = httpRequest({ port, host: '127.0.0.1', method, path, headers }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Sends bytes as they are and reads to the end of the connection. */
async function send(bytes: string): Promise<string> {
  const { port } = served.app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.end(bytes)
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) text += chunk
  return text
}

describe('headers', () => {
  test.each([
    ['200', 'GET', '/p', {}],
    ['204', 'OPTIONS', '/p', {}],
    ['401', 'GET', '/p/x/status', {}],
    ['404', 'GET', '/nowhere', {}],
    ['405', 'PUT', '/p/run', {}],
    ['400', 'GET', '/p/%ff/status', {}],
    ['413', 'POST', '/p/run', { 'content-length': '12000000' }],
    ['200', 'GET', '/healthz', {}],
  ])(
    'every answer has those that keep a browser from making more of it: %s to %s %s',
    async (status, method, path, more) => {
      const headers = { ...(status === '413' && { authorization: `Bearer ${alice().token}` }), ...more }
      const answer = await ask(method, path, headers)
      expect(`${answer.status}`).toBe(status)
      expect(answer.headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'x-request-id': expect.stringMatching(/^[\w.-]+$/),
      })
      expect(answer.headers).not.toHaveProperty('x-powered-by')
      expect(answer.headers).not.toHaveProperty('server')
    },
  )

  test('an answer may have one of its own, which then stands there once', async () => {
    const app = createApplication({ logger: false })
    app.get('/page', (_request, reply) =>
      reply.header('content-security-policy', "default-src 'self'").send('page'),
    )
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    const page = (await fetch(`${origin}/page`)).headers
    expect(page.get('content-security-policy')).toBe("default-src 'self'")
    expect(page.get('x-frame-options')).toBe('DENY')
    expect(page.get('x-request-id')).toMatch(/^[\w.-]+$/)
    await app.close()
  })

  test('web pages of others may read introspect, and nothing else', async () => {
    const origin = { origin: 'https://evil.example' }
    expect((await ask('GET', '/p', origin)).headers['access-control-allow-origin']).toBe('*')
    const authorization = `Bearer ${alice().token}`
    for (const path of ['/p/actions', '/p/x/status', '/healthz', '/nowhere']) {
      const { headers } = await ask('GET', path, { ...origin, authorization })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
    expect((await ask('OPTIONS', '/p/run', origin)).headers).not.toHaveProperty('access-control-allow-origin')
  })

  test.each([
    '/p/actions?status=succeeded%0d%0aX-Evil:%201',
    '/p/actions?status=succeeded&roles=creator_id%0d%0aX-Evil:%201',
    '/p/actions?status=succeeded&limit=1%0d%0aX-Evil:%201',
    '/p/actions?status=%0d%0asucceeded%0d%0a&limit=1',
    '/p/actions?status=succeeded&limit=1&marker=x%0d%0aX-Evil:%201',
    '/p/actions?status=succeeded&limit=1&x=%0d%0aX-Evil:%201',
    '/%0d%0aX-Evil:%201',
    '/p/%0d%0aX-Evil:%201/status',
  ])('nothing that a request says splits an answer: %s', async (path) => {
    for (const id of ['split 1', 'split 2']) await run(alice(), id)
    const answer = await ask('GET', path, { authorization: `Bearer ${alice().token}` })
    expect(answer.status).toBeLessThan(500)
    expect(answer.headers).not.toHaveProperty('x-evil')
    const { link } = answer.headers
    if (link !== undefined) expect(link).toMatch(/^<\?[\w%&=,.+-]+>; rel="next"$/)
  })

  test('a Host, a forwarded one or another URL than asked for is in no answer', async () => {
    const evil = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'evil',
      'x-original-url': '/p2',
      'x-http-method-override': 'DELETE',
      authorization: `Bearer ${alice().token}`,
    }
    for (const id of ['host 1', 'host 2']) await run(alice(), id)
    for (const path of ['/p', '/p/actions?status=succeeded&limit=1', '/nowhere', '/p/x/status']) {
      const { text, headers } = await ask('GET', path, evil)
      expect(JSON.stringify([text, headers])).not.toContain('evil')
    }
  })
})

describe('who is asking', () => {
  const OPERATIONS = ['GET status', 'POST cancel', 'POST resume', 'POST release', 'GET log'].map((each) =>
    each.split(' '),
  )

  test('actions of another user are as if they were not', async () => {
    const { json } = await run(alice(), 'private', {}, '/p2')
    for (const [method = '', operation] of OPERATIONS) {
      const theirs = await served.ask(mallory(), method, `/p2/${json.action_id}/${operation}`)
      const none = await served.ask(mallory(), method, `/p2/${crypto.randomUUID()}/${operation}`)
      expect([theirs.status, theirs.text]).toEqual([404, none.text])
    }
    const { json: listed } = await served.ask(
      mallory(),
      'GET',
      '/p2/actions?status=active,inactive&roles=creator_id,monitor_by,manage_by',
    )
    expect(listed).toEqual([])
  })

  test('nobody becomes another by saying so', async () => {
    const { urn } = alice()
    const { json, status } = await run(mallory(), 'pretend', {
      creator_id: urn,
      action_id: 'mine',
      status: 'FAILED',
      effective_identity: urn,
    })
    expect(status).toBe(202)
    expect(json).toMatchObject({ creator_id: mallory().urn, status: 'SUCCEEDED' })
    expect(json.action_id).not.toBe('mine')
    for (const everybody of ['public', 'all_authenticated_users', '*', `${urn} `, urn.toUpperCase()]) {
      const refused = await run(mallory(), `open to ${everybody}`, { manage_by: [everybody] })
      expect([everybody, refused.status]).toEqual([everybody, 422])
    }
  })

  test('an action of one provider is unknown to every operation of another on the same app', async () => {
    const { json } = await run(alice(), 'whose', {}, '/p2')
    for (const [method = '', operation] of OPERATIONS) {
      const answer = await served.ask(alice(), method, `/p/${json.action_id}/${operation}`)
      expect([operation, answer.status]).toEqual([operation, 404])
    }
    expect((await served.ask(alice(), 'GET', `/p2/${json.action_id}/status`)).status).toBe(200)
  })

  test('a token that was given for another provider opens nothing', async () => {
    const elsewhere = served.auth.caller({
      username: 'alice',
      scopes: ['https://auth.globus.org/scopes/ffffffff-0000-4000-8000-000000000000/action_all'],
    })
    const { json } = await run(alice(), 'guarded')
    const requests: [string, string][] = [
      ['POST', '/p/run'],
      ['GET', '/p/actions'],
      ['GET', `/p/${json.action_id}/status`],
      ['POST', `/p/${json.action_id}/release`],
    ]
    for (const [method, path] of requests) {
      const answer = await served.ask(elsewhere, method, path, method === 'POST' ? '{}' : undefined)
      expect([answer.status, answer.json.code]).toEqual([403, 'ForbiddenRequest'])
      expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    }
  })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic eDp5',
    'Bearer a b',
    'Bearer a, Bearer b',
    `Bearer ${'x'.repeat(8_000)}`,
    'Bearer ../../introspect',
    'Bearer x&token=y',
    'Bearer __proto__',
    'Bearer \u00e9',
  ])('no token is no token: %s', async (authorization) => {
    const answer = await ask('GET', '/p/actions', { authorization })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer /)
  })
})

describe('what is sent', () => {
  const INJECTIONS = [
    "'; DROP TABLE actions; --",
    "' OR '1'='1",
    '" OR 1=1 --',
    "x') UNION SELECT * FROM actions --",
    '%27%3B%20DELETE%20FROM%20actions',
    '$1',
    '?',
    ':action_id',
    "\\'; SELECT pg_sleep(9); --",
    '%_%',
  ]

  test.each(INJECTIONS)('is never SQL: %s', async (text) => {
    const before = await run(alice(), 'kept')
    const written = await run(alice(), text, { label: text.slice(0, 64), body: { input_string: text } })
    expect(written.json).toMatchObject({ label: text.slice(0, 64), details: { you_said: text } })
    expect(
      (await run(alice(), text, { label: text.slice(0, 64), body: { input_string: text } })).json,
    ).toEqual(written.json)
    const encoded = encodeURIComponent(text)
    for (const path of [
      `/p/${encoded}/status`,
      `/p/${encoded}/log`,
      ...['status', 'roles', 'limit', 'marker'].map((name) => `/p/actions?${name}=${encoded}`),
      ...['limit', 'marker', 'since', 'until', 'pagination_token'].map(
        (name) => `/p/${before.json.action_id}/log?${name}=${encoded}`,
      ),
    ]) {
      expect([path, [404, 422].includes((await served.ask(alice(), 'GET', path)).status)]).toEqual([
        path,
        true,
      ])
    }
    for (const operation of ['cancel', 'release']) {
      expect((await served.ask(alice(), 'POST', `/p/${encoded}/${operation}`)).status).toBe(404)
    }
    expect((await served.ask(alice(), 'GET', `/p/${before.json.action_id}/status`)).json).toEqual(before.json)
  })

  test.each([
    '{"request_id":"p1","body":{"input_string":"x"},"__proto__":{"admin":true}}',
    '{"request_id":"p2","body":{"input_string":"x","__proto__":{"admin":true}}}',
    '{"request_id":"p3","body":{"input_string":"x","constructor":{"prototype":{"admin":true}}}}',
    '{"request_id":"p4","body":{"__proto__":{"input_string":"x"}}}',
    '{"request_id":"__proto__","label":"constructor","body":{"input_string":"__proto__"}}',
    '{"__proto__":{"request_id":"p6","body":{"input_string":"x"}}}',
  ])('changes no prototype: %s', async (text) => {
    const answer = await served.ask(alice(), 'POST', '/p/run', text)
    expect([202, 400, 422]).toContain(answer.status)
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
    await served.ask(alice(), 'GET', '/p/actions?__proto__=x&constructor=y&status=__proto__')
    expect((await run(alice(), `after ${text}`)).status).toBe(202)
  })

  test.each(['1e400', '-1e400', '[{"a":1e309}]', '9'.repeat(400)])(
    'is never stored as null where it is a number: %s',
    async (number) => {
      const text = (body: string): string => `{"request_id":"infinite","body":{"input_string":"x",${body}}}`
      const refused = await served.ask(alice(), 'POST', '/p/run', text(`"more":${number}`))
      expect([refused.status, refused.json.code]).toEqual([422, 'RequestValidationError'])
      const release = `{"request_id":"infinite","body":{"input_string":"x"},"release_after":${number}}`
      expect((await served.ask(alice(), 'POST', '/p/run', release)).status).toBe(422)
    },
  )

  test.each([
    ['nested', `${'a'.repeat(50_000)}!`],
    ['alternating', `${'a'.repeat(50_000)}!`],
    ['referring', `${'a'.repeat(5_000)}c`],
    ['ahead', `${'a'.repeat(5_000)}!`],
  ])("does not hang on an author's catastrophic pattern: %s", async (name, value) => {
    const body = { [name]: value, [`${'x'.repeat(5_000)}z`]: 'x' }
    const { status, text } = await run(alice(), name, { body }, '/p3')
    expect(status).toBe(422)
    expect(text).not.toContain('aaaa')
  })

  test('is no path: nothing is found outside of the routes', async () => {
    for (const path of [
      '/p/../healthz',
      '/p/..%2f..%2f..%2fetc%2fpasswd/status',
      '/p/%2e%2e/%2e%2e/etc/passwd',
      '/p/....//....//etc/passwd',
      '/p/..\\..\\etc\\passwd/status',
      '//etc/passwd',
      '/p/%00/status',
      '/p/run;admin=1',
      '/p/actions%2fx',
    ]) {
      const { status, text } = await ask('GET', path, { authorization: `Bearer ${alice().token}` })
      expect([path, [400, 404, 405].includes(status)]).toEqual([path, true])
      expect(JSON.parse(text)).toEqual({ code: expect.any(String), description: expect.any(String) })
    }
  })

  test.each(['with its length', 'in chunks'])('is refused where it is 12 MB: %s', async (how) => {
    const body = Buffer.alloc(12_000_000, ' ')
    const length =
      how === 'in chunks' ? { 'transfer-encoding': 'chunked' } : { 'content-length': `${body.length}` }
    const { status, text } = await ask(
      'POST',
      '/p/run',
      { authorization: `Bearer ${alice().token}`, ...length },
      body,
    )
    expect(status).toBe(413)
    expect(JSON.parse(text).code).toBe('PayloadTooLarge')
  })

  test('is never unpacked', async () => {
    const authorization = `Bearer ${alice().token}`
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip']) {
      const answer = await ask('POST', '/p/run', { authorization, 'content-encoding': encoding }, bomb)
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, 'BadActionRequest'])
    }
  })

  test('is not read before it is known who sends it', async () => {
    const answer = await send(
      'POST /p/run HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody\r\ncontent-length: 1000000\r\n\r\n{"request_id"',
    )
    expect(answer).toMatch(/^HTTP\/1.1 401 /)
  })
})

describe('the log', () => {
  test('stays one JSON document per line, without tokens, whatever a request says', async () => {
    lines.length = 0
    const caller = alice()
    const nasty = 'x\n{"level":60,"msg":"forged"}\r\n\u001b[31m\u2028\u0000\ud800'
    await run(caller, nasty, { label: 'a\nb', body: { input_string: nasty } })
    await run(caller, nasty, { label: nasty.repeat(20) })
    const encoded = encodeURIComponent(nasty.toWellFormed())
    for (const path of [
      `/p/${encoded}/status`,
      `/p/actions?marker=${encoded}`,
      `/${encoded}`,
      '/p/%0a%0d/log',
    ]) {
      await ask('GET', path, {
        authorization: `Bearer ${caller.token}`,
        'user-agent': '{"level":60}',
        'x-request-id': '"}{"level":60',
      })
    }
    await ask('GET', '/p/actions', { authorization: 'Bearer wrong-secret-token' })
    await send('GET /p HTTP/1.1\r\nx-request-id: a\rb\r\n\r\n')
    expect(lines.length).toBeGreaterThan(5)
    for (const line of lines) {
      expect(line.indexOf('\n')).toBe(line.length - 1)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f]/)
      const { level, reqId } = JSON.parse(line)
      expect(level).toBeLessThan(60)
      if (reqId !== undefined) expect(reqId).toMatch(/^[\w.-]{1,64}$/)
    }
    const text = lines.join('')
    for (const secret of [caller.token, 'wrong-secret-token']) expect(text).not.toContain(secret)
  })
})

describe('the database', () => {
  test('gives no token away, whoever has a copy of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sealed-'))
    const scope = 'urn:globus:auth:scope:transfer.api.globus.org:all'
    const waits = defineActionProvider({
      description: { ...contact, title: 'waits', synchronous: false },
      input: { type: 'object' },
      run: async ({ dependentToken, pause }) => {
        await dependentToken(scope)
        return pause({ code: 'Wait', description: 'Until somebody resumes it' })
      },
    })
    const own = await serveForTest(waits, { databaseUrl: `sqlite:${join(folder, 'actions.db')}` })
    const caller = own.auth.caller({ username: 'alice', consents: [scope] })
    const { json } = await own.ask(caller, 'POST', '/p/run', {
      request_id: 'sealed',
      body: { text: 'in plain' },
    })
    await eventually(async () => {
      const { json: now } = await own.ask(caller, 'GET', `/p/${json.action_id}/status`)
      return now.status === 'INACTIVE'
    })
    const files = await readdir(folder)
    const copies = await Promise.all(files.map((name) => readFile(join(folder, name))))
    const copy = Buffer.concat(copies).toString('latin1')
    expect(copy).toContain('in plain')
    for (const secret of [caller.token, 'fake-token', 'fake-dependent-token', 'refresh']) {
      expect(copy).not.toContain(secret)
    }
    await own.close()
    await rm(folder, { recursive: true, force: true })
  })
})

import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Served, serveForTest } from '../served.ts'
import { echo, other, patterns, run } from './providers.ts'
import { ask, send } from './raw-requests.ts'

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo, other, patterns])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })

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
    const before = await run(served, alice(), 'kept')
    const written = await run(served, alice(), text, {
      label: text.slice(0, 64),
      body: { input_string: text },
    })
    expect(written.json).toMatchObject({ label: text.slice(0, 64), details: { you_said: text } })
    expect(
      (await run(served, alice(), text, { label: text.slice(0, 64), body: { input_string: text } })).json,
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
    expect((await run(served, alice(), `after ${text}`)).status).toBe(202)
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
    const { status, text } = await run(served, alice(), name, { body }, '/p3')
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
      const { status, text } = await ask(served.app, 'GET', path, {
        authorization: `Bearer ${alice().token}`,
      })
      expect([path, [400, 404, 405].includes(status)]).toEqual([path, true])
      expect(JSON.parse(text)).toEqual({ code: expect.any(String), description: expect.any(String) })
    }
  })

  test.each(['with its length', 'in chunks'])('is refused where it is 12 MB: %s', async (how) => {
    const body = Buffer.alloc(12_000_000, ' ')
    const length =
      how === 'in chunks' ? { 'transfer-encoding': 'chunked' } : { 'content-length': `${body.length}` }
    const { status, text } = await ask(
      served.app,
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
      const answer = await ask(
        served.app,
        'POST',
        '/p/run',
        { authorization, 'content-encoding': encoding },
        bomb,
      )
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, 'BadActionRequest'])
    }
  })

  test('is not read before it is known who sends it', async () => {
    const answer = await send(
      served.app,
      'POST /p/run HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nobody\r\ncontent-length: 1000000\r\n\r\n{"request_id"',
    )
    expect(answer).toMatch(/^HTTP\/1.1 401 /)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Served, serveForTest } from '../served.ts'
import { echo, run } from './providers.ts'

/** Each test shows a row of the interface's tables, over HTTP on a listening server. */

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })

describe('codes', () => {
  test('400: not JSON, empty, not UTF-8', async () => {
    for (const body of ['{"request_id":', '', 'null x', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])]) {
      const answer = await served.ask(alice(), 'POST', '/p/run', body)
      expect([answer.status, answer.json.code]).toEqual([400, 'BadActionRequest'])
    }
  })

  test('401 with WWW-Authenticate: no token, malformed, unknown', async () => {
    for (const authorization of [
      undefined,
      'Bearer',
      'Basic abc',
      'Bearer a b',
      'Bearer \u00e9',
      'Bearer unknown',
      'token',
    ]) {
      const headers = authorization === undefined ? {} : { authorization }
      for (const [method, path] of [
        ['POST', '/p/run'],
        ['GET', '/p/some-id/status'],
        ['GET', '/p/actions'],
      ] as const) {
        const answer = await served.ask(
          undefined,
          method,
          path,
          method === 'POST' ? run('nobody') : undefined,
          headers,
        )
        expect([authorization, answer.status, answer.json.code]).toEqual([
          authorization,
          401,
          'UnauthorizedRequest',
        ])
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
      }
    }
  })

  test('403 insufficient_scope: the token lacks the scope', async () => {
    const stranger = served.auth.caller({ username: 'dave', scopes: ['openid'] })
    const answer = await served.ask(stranger, 'POST', '/p/run', run('no scope'))
    expect([answer.status, answer.json.code]).toEqual([403, 'ForbiddenRequest'])
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  })

  test('404 NotFound and 405 with Allow', async () => {
    expect((await served.ask(alice(), 'GET', '/p/nothing/here/at/all')).json.code).toBe('NotFound')
    expect((await served.ask(undefined, 'GET', '/elsewhere')).json.code).toBe('NotFound')
    for (const [method, path, allow] of [
      ['GET', '/p/run', 'POST'],
      ['DELETE', '/p/', 'GET, HEAD, OPTIONS'],
      ['PUT', '/p/actions', 'GET, HEAD, POST'],
      ['POST', '/p/x/status', 'GET, HEAD'],
      ['GET', '/p/x/cancel/', 'POST'],
      ['PATCH', '/p/actions/x', 'DELETE, GET, HEAD'],
    ] as const) {
      const answer = await served.ask(alice(), method, path)
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow])
      expect(answer.json.code).toBe('MethodNotAllowed')
    }
  })

  test('413: over the body limit', async () => {
    const answer = await served.ask(
      alice(),
      'POST',
      '/p/run',
      run('large', { body: { input_string: 'x'.repeat(12 * 1024 * 1024) } }),
    )
    expect([answer.status, answer.json.code]).toEqual([413, 'PayloadTooLarge'])
  })

  test('422: every error, as Field … (category: …), without what the caller sent', async () => {
    const answer = await served.ask(alice(), 'POST', '/p/run', {
      body: { input_string: 'hey' },
      label: 'secret-label'.repeat(10),
      monitor_by: ['urn:not-a-principal'],
      deadline: '2001-01-01T00:00:00Z',
    })
    expect([answer.status, answer.json.code]).toEqual([422, 'RequestValidationError'])
    expect(answer.json.description).toMatch(/Field '\$[^']*' \(category: 'required'\)/)
    expect(answer.json.description).toMatch(/Field '\$\.label' \(category: 'maxLength'\)/)
    expect(answer.json.description).toMatch(/Field '\$\.monitor_by\[0\]' \(category: 'pattern'\)/)
    expect(answer.text).not.toContain('secret-label')
    expect(answer.text).not.toContain('not-a-principal')
    const wrongInput = await served.ask(
      alice(),
      'POST',
      '/p/run',
      run('input', { body: { input_string: 7, more: 1 } }),
    )
    expect(wrongInput.status).toBe(422)
    expect(wrongInput.json.description).toMatch(/\(category: 'type'\)/)
    expect(wrongInput.json.description).toMatch(/\(category: 'additionalProperties'\)/)
  })

  test('422: a deadline in the past or beyond maximum_deadline', async () => {
    for (const deadline of [new Date(Date.now() - 1_000), new Date(Date.now() + 31 * 86_400_000)]) {
      const answer = await served.ask(
        alice(),
        'POST',
        '/p/run',
        run('deadline', { deadline: deadline.toISOString() }),
      )
      expect([answer.status, answer.json.code]).toEqual([422, 'RequestValidationError'])
      expect(answer.json.description).toContain('$.deadline')
    }
  })

  test('503 with Retry-After while Globus Auth cannot be reached', async () => {
    served.auth.outage(true)
    try {
      const answer = await served.ask(
        served.auth.caller({ username: 'erin' }),
        'POST',
        '/p/run',
        run('outage'),
      )
      expect([answer.status, answer.json.code]).toEqual([503, 'ServiceUnavailable'])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await served.ask(undefined, 'GET', '/p')).status).toBe(200)
    } finally {
      served.auth.outage(false)
    }
  })
})

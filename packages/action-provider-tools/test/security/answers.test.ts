import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApplication } from '../../src/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { echo, other, run } from './providers.ts'
import { ask } from './raw-requests.ts'

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo, other])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })

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
      const answer = await ask(served.app, method, path, headers)
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
    expect((await ask(served.app, 'GET', '/p', origin)).headers['access-control-allow-origin']).toBe('*')
    const authorization = `Bearer ${alice().token}`
    for (const path of ['/p/actions', '/p/x/status', '/healthz', '/nowhere']) {
      const { headers } = await ask(served.app, 'GET', path, { ...origin, authorization })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
    expect((await ask(served.app, 'OPTIONS', '/p/run', origin)).headers).not.toHaveProperty(
      'access-control-allow-origin',
    )
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
    for (const id of ['split 1', 'split 2']) await run(served, alice(), id)
    const answer = await ask(served.app, 'GET', path, { authorization: `Bearer ${alice().token}` })
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
    for (const id of ['host 1', 'host 2']) await run(served, alice(), id)
    for (const path of ['/p', '/p/actions?status=succeeded&limit=1', '/nowhere', '/p/x/status']) {
      const { text, headers } = await ask(served.app, 'GET', path, evil)
      expect(JSON.stringify([text, headers])).not.toContain('evil')
    }
  })
})

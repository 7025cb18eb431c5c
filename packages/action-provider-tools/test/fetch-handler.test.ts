import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { defineActionProvider, type FetchHandler, fetchHandler } from '../src/index.ts'
import type { FakeAuth } from '../src/testing/index.ts'
import { type Served, serveForTest } from './served.ts'

const echo = defineActionProvider({
  description: { title: 'Echo', admin_contact: 'me@example.org', synchronous: true, visible_to: ['public'] },
  input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  run: ({ input }) => ({ said: input.text }),
})

let served: Served | undefined
afterEach(() => served?.close())

async function serve(
  options: Parameters<typeof serveForTest<FakeAuth>>[1] = {},
): Promise<{ served: Served; handle: FetchHandler }> {
  const made = await serveForTest(echo, options)
  served = made
  return { served: made, handle: fetchHandler(made.app) }
}

/** A request with a body that arrives in parts, for a host that does not know how long it is. */
function streamed(url: string, init: RequestInit, body: ReadableStream): Request {
  return new Request(url, { method: 'POST', ...init, body, duplex: 'half' } as RequestInit)
}

const json = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>

test('answers as the listening application does, in status, headers and body', async () => {
  const { served, handle } = await serve()
  const alice = served.auth.caller({ username: 'alice' })
  const { authorization } = alice
  const run = (text: unknown): RequestInit => ({
    method: 'POST',
    headers: { authorization },
    body: JSON.stringify({ request_id: 'one', body: { text } }),
  })
  const first = await json(await fetch(`${served.url}/p/run`, run('hey')))
  const requests: [path: string, init?: RequestInit][] = [
    ['/p'],
    ['/p/', { method: 'HEAD' }],
    ['/p/openapi.json'],
    ['/p/', { method: 'OPTIONS' }],
    ['/p/run', run('hey')],
    ['/p/run', run('ho')],
    ['/p/run', run(1)],
    ['/p/run', { ...run('hey'), body: '{' }],
    ['/p/run', { ...run('hey'), body: '' }],
    ['/p/run', { method: 'POST' }],
    ['/p/run', { method: 'PATCH', headers: { authorization } }],
    [
      '/p/run',
      { ...run('hey'), headers: [...Object.entries({ authorization }), ['authorization', 'Bearer x']] },
    ],
    [`/p/${first.action_id}/status`, { headers: { authorization, 'x-request-id': 'mine' } }],
    ['/p/actions?status=succeeded,failed&per_page=1', { headers: { authorization } }],
    ['/p/%ff/status', { headers: { authorization } }],
    ['/nowhere?x=1'],
    ['/healthz'],
    ['/readyz'],
  ]
  for (const [path, init] of requests) {
    const seen = []
    for (const answer of [
      await fetch(`${served.url}${path}`, init),
      await handle(new Request(`${served.url}${path}`, init)),
    ]) {
      const headers = Object.fromEntries(answer.headers)
      for (const own of ['connection', 'keep-alive', 'date', 'transfer-encoding']) delete headers[own]
      if (headers['x-request-id'] !== 'mine') delete headers['x-request-id']
      seen.push({ path, status: answer.status, headers, text: await answer.text() })
    }
    expect(seen[1]).toEqual(seen[0])
  }
})

test('a body that arrives in parts is read as one that is there', async () => {
  const { served, handle } = await serve()
  const { authorization } = served.auth.caller({ username: 'alice' })
  const parts = [...JSON.stringify({ request_id: 'x', body: { text: 'hey' } })]
  const body = Readable.toWeb(Readable.from(parts.map((part) => Buffer.from(part)))) as ReadableStream
  const answer = await handle(streamed('http://host/p/run', { headers: { authorization } }, body))
  expect([answer.status, await json(answer)]).toEqual([
    202,
    expect.objectContaining({ details: { said: 'hey' } }),
  ])
})

test('of a body without an end no more is read than the limit and what was on the way, and its sender is told', async () => {
  const { served, handle } = await serve({ bodyLimit: 256 * 1024 })
  const { authorization } = served.auth.caller({ username: 'alice' })
  let sent = 0
  const told = Promise.withResolvers<void>()
  const body = new ReadableStream({
    pull(controller) {
      sent += 64 * 1024
      controller.enqueue(new Uint8Array(64 * 1024))
    },
    cancel: () => told.resolve(),
  })
  const answer = await handle(streamed('http://host/p/run', { headers: { authorization } }, body))
  expect(answer.status).toBe(413)
  expect(sent).toBeLessThan(1024 * 1024)
  await answer.text()
  await told.promise
})

test('of an answer without an end no more is made than is read, and who reads no more hangs up', async () => {
  const { url, handle, seen } = await prepared()
  const reader = (await handle(new Request(`${url}/endless`))).body?.getReader()
  for (let part = 0; part < 5; part++) await reader?.read()
  const { made } = seen
  expect(made).toBeLessThan(30)
  for (let other = 0; other < 50; other++) await handle(new Request(`${url}/healthz`))
  expect(seen.made - made).toBeLessThan(10)
  await reader?.cancel()
  await eventually(() => seen.closed === 51)
})

test('events come one by one, before their stream has ended, and who reads no more hangs up', async () => {
  const { url, handle, seen } = await prepared()
  const answer = await handle(new Request(`${url}/events`))
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const reader = answer.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  expect(new TextDecoder().decode(value)).toBe('data: first\n\n')
  expect(seen.closed).toBe(0)
  await reader?.cancel()
  await eventually(() => seen.closed === 1)
})

test.each(['before its answer', 'while its body arrives', 'while its answer is read'])(
  'a caller who goes %s is gone for the application, and for who called the handler',
  async (when) => {
    const { url, handle, seen } = await prepared()
    const gone = new AbortController()
    const { signal } = gone
    const endless = when.endsWith('read')
    const request = when.includes('arrives')
      ? streamed(`${url}/waiting`, { signal }, new ReadableStream({ pull: () => new Promise(() => {}) }))
      : new Request(`${url}${endless ? '/endless' : '/waiting'}`, { signal })
    const answer = handle(request)
    const outcome = (endless ? (await answer).text() : answer).catch((error: Error) => error)
    await eventually(() => seen.entered === 1)
    gone.abort(new Error('gone'))
    expect(await outcome).toBeInstanceOf(Error)
    if (!endless) expect(await outcome).toEqual(new Error('gone'))
    await eventually(() => seen.closed === 1)
  },
)

test('a request whose signal has aborted already does not reach the application', async () => {
  const { url, handle, seen } = await prepared()
  const request = new Request(`${url}/waiting`, { signal: AbortSignal.abort(new Error('gone')) })
  await expect(handle(request)).rejects.toThrow('gone')
  expect(seen.entered).toBe(0)
})

test('limits go by the address that the host names, and by X-Forwarded-For behind a trusted one alone', async () => {
  const limits = { rateLimit: 2 }
  const { handle } = await serve({ application: { limits, trustProxy: ['loopback', '10.0.0.0/8'] } })
  const statuses = async (address: string | undefined, forwarded: string): Promise<number[]> => {
    const all = []
    for (let time = 0; time < 3; time++) {
      const headers = { 'x-forwarded-for': forwarded.replace('N', `${time}`) }
      all.push((await handle(new Request('http://host/p', { headers }), { address })).status)
    }
    return all
  }
  expect(await statuses('192.0.2.1', '198.51.100.N')).toEqual([200, 200, 429])
  expect(await statuses('192.0.2.2', '198.51.100.N')).toEqual([200, 200, 429])
  expect(await statuses('10.0.0.1', '198.51.100.N')).toEqual([200, 200, 200])
  expect(await statuses('10.0.0.1', '198.51.100.9')).toEqual([200, 200, 429])
  // Nobody's address is no proxy's.
  expect(await statuses(undefined, '198.51.100.N')).toEqual([200, 200, 429])
})

/** An application with routes that wait and that never end, and what they have seen. */
async function prepared(): Promise<{
  url: string
  handle: FetchHandler
  seen: { entered: number; closed: number; made: number }
}> {
  const seen = { entered: 0, closed: 0, made: 0 }
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      seen.made++
      yield Buffer.alloc(64 * 1024)
    }
  }
  const prepare = (app: FastifyInstance): void => {
    app.addHook('onRequest', async (_request, reply) => {
      seen.entered++
      reply.raw.once('close', () => seen.closed++)
    })
    app.all('/waiting', () => new Promise(() => {}))
    app.get('/events', (_request, reply) => {
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.write('data: first\n\n')
    })
    app.get('/endless', (_request, reply) => reply.send(Readable.from(endless())))
  }
  const { served, handle } = await serve({ prepare })
  return { url: served.url, handle, seen }
}

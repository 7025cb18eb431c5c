import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type Auth, defineActionProvider } from '../src/index.ts'
import { type EmulatedGlobus, emulateGlobus } from './auth/emulated-globus.ts'
import { uncheckedFetch } from './openapi/checked-answers.ts'
import { type Answer, type Served, serveForTest } from './served.ts'

/** What one caller may take, and that the others do not notice. */

let served: Served<Auth>
afterEach(async () => {
  vi.useRealTimers()
  await served.close()
})

const contact = { admin_contact: 'support@example.org' }
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))
const run = (caller: { token: string }, id: number | string, path = '/p/run'): Promise<Answer> =>
  served.ask(caller, 'POST', path, { request_id: `${id}`, body: {} })
const statuses = (answers: Answer[]): number[] => answers.map(({ status }) => status)

const echo = defineActionProvider({
  description: { ...contact, title: 'echo', synchronous: true, visible_to: ['public'] },
  input: { type: 'object' },
  run: ({ input }) => ({ ...(input as object) }),
})

/** A synchronous provider whose runs wait for their work until the gate opens. */
function waits(): { provider: typeof echo; begun: () => number; open: () => void } {
  const gate = Promise.withResolvers<void>()
  let begun = 0
  const provider = defineActionProvider({
    description: { ...contact, title: 'waits', synchronous: true },
    input: { type: 'object' },
    run: async () => {
      begun++
      await gate.promise
      return {}
    },
  })
  return { provider, begun: () => begun, open: () => gate.resolve() }
}

/** Sends a run over a connection of its own, to be hung up on. */
async function runAndStay(token: string, id: string, path = '/p/run'): Promise<Socket> {
  const { port } = served.app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  const body = JSON.stringify({ request_id: id, body: {} })
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  return socket
}

describe('places', () => {
  test('runs that wait for their work take no place from others, of their provider or another', async () => {
    const { provider, begun, open } = waits()
    const own = await serveForTest([provider, echo], {
      application: { limits: { requestsAtOnce: 4, requestsPerCaller: 100 } },
    })
    served = own
    const alice = own.auth.caller({ username: 'alice' })
    const bob = own.auth.caller({ username: 'bob' })
    const waiting: Promise<Answer>[] = []
    for (const id of many(12, String)) {
      waiting.push(run(alice, id))
      await eventually(() => begun() === waiting.length)
      // It is waited for only once it is recorded.
      await eventually(
        async () => (await served.ask(alice, 'GET', '/p/actions')).json.length === waiting.length,
      )
    }
    expect(statuses(await Promise.all(many(4, (id) => run(bob, id, '/p2/run'))))).toEqual([
      202, 202, 202, 202,
    ])
    open()
    for (const { status, json } of await Promise.all(waiting)) {
      expect([status, json.status]).toEqual([202, 'SUCCEEDED'])
    }
  })

  test('one caller has no more open than their share, those that wait included; others are served', async () => {
    const { provider, begun, open } = waits()
    const own = await serveForTest([provider, echo], { application: { limits: { requestsPerCaller: 5 } } })
    served = own
    const alice = own.auth.caller({ username: 'alice' })
    const waiting = many(5, (id) => run(alice, id))
    await eventually(() => begun() === 5)
    const { status, json, headers } = await run(alice, 'one more')
    expect([status, json.code, headers.get('retry-after')]).toEqual([429, 'TooManyRequests', '1'])
    expect((await run(own.auth.caller({ username: 'bob' }), 1, '/p2/run')).status).toBe(202)
    open()
    expect(statuses(await Promise.all(waiting))).toEqual(many(5, () => 202))
    expect((await run(alice, 'one more')).status).toBe(202)
  })

  test('the share is a quarter of all places unless it is set', async () => {
    const { provider, begun, open } = waits()
    const own = await serveForTest(provider, { application: { limits: { requestsAtOnce: 8 } } })
    served = own
    const alice = own.auth.caller({ username: 'alice' })
    const waiting = many(2, (id) => run(alice, id))
    await eventually(() => begun() === 2)
    expect((await run(alice, 'one more')).status).toBe(429)
    open()
    await Promise.all(waiting)
  })

  test('hanging up frees: nothing waits any longer for a caller that is gone', async () => {
    const { provider, begun, open } = waits()
    const own = await serveForTest(provider, {
      application: { limits: { requestsAtOnce: 4, requestsPerCaller: 4 } },
    })
    served = own
    const alice = own.auth.caller({ username: 'alice' })
    for (const round of ['a', 'b', 'c']) {
      const before = begun()
      const sockets = await Promise.all(many(3, (id) => runAndStay(alice.token, `${round}${id}`)))
      await eventually(() => begun() === before + 3)
      for (const socket of sockets) socket.destroy()
      await eventually(async () =>
        statuses(await Promise.all(many(4, () => served.ask(alice, 'GET', '/p/actions')))).every(
          (s) => s === 200,
        ),
      )
    }
    open()
  })

  test.each([
    'a stream of events that is taken over and ended',
    'a stream of events whose reader hangs up',
    'an answer that is never sent',
    'a hook that takes over a request for the provider',
  ])('a place is given back after %s', async (how) => {
    const own = await serveForTest(echo, {
      application: { limits: { requestsAtOnce: 3, requestsPerCaller: 3 } },
      prepare(app) {
        app.addHook('preHandler', (request, reply, done) => {
          if (request.headers['x-take-over'] === undefined) return done()
          reply.hijack()
          reply.raw.end('taken')
        })
        app.get('/events', (request, reply) => {
          reply.hijack()
          reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n')
          if (request.headers['x-end'] !== undefined) reply.raw.end()
        })
        app.get('/never', () => new Promise(() => {}))
      },
    })
    served = own
    const alice = own.auth.caller({ username: 'alice' })
    for (const _ of many(10, () => 0)) {
      const hungUp = new AbortController()
      const { signal } = hungUp
      if (how.includes('ended')) {
        expect(await (await fetch(`${own.url}/events`, { headers: { 'x-end': '1' } })).text()).toContain(
          'first',
        )
      } else if (how.includes('hook')) {
        // Not the provider's answer, and not as its document says.
        const answer = await uncheckedFetch(`${own.url}/p/actions`, {
          headers: { authorization: alice.authorization, 'x-take-over': '1' },
        })
        expect(await answer.text()).toBe('taken')
      } else {
        const path = how.includes('reader') ? '/events' : '/never'
        const seen = once(served.app.server, 'request')
        const asked = fetch(`${own.url}${path}`, { signal }).catch(() => undefined)
        await seen
        if (how.includes('reader')) await asked
        hungUp.abort()
        await asked
      }
      await eventually(async () => (await served.ask(alice, 'GET', '/p/actions')).status === 200)
    }
    // All three of them at once.
    await eventually(async () =>
      statuses(await Promise.all(many(3, () => served.ask(alice, 'GET', '/p/actions')))).every(
        (s) => s === 200,
      ),
    )
  })
})

describe('RATE_LIMIT', () => {
  const alice = (): { token: string } => (served as Served).auth.caller({ username: 'alice' })
  beforeEach(async () => {
    served = await serveForTest(
      [echo, { ...echo, namespace: 'private', description: { ...echo.description, runnable_by: [] } }],
      {
        application: { limits: { rateLimit: 5 } },
      },
    )
  })

  function expectTooMany({ status, json, headers }: Answer): void {
    expect([status, json.code]).toEqual([429, 'TooManyRequests'])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(headers.get('www-authenticate')).toBe(null)
  }

  test('a caller beyond their limit gets 429 with Retry-After; others do not notice', async () => {
    const [first, again] = [alice(), alice()]
    for (const id of [1, 2, 3]) expect((await run(first, id)).status).toBe(202)
    for (const id of [4, 5]) expect((await run(again, id)).status).toBe(202)
    for (const caller of [first, again]) expectTooMany(await run(caller, 6))
    expect((await run((served as Served).auth.caller({ username: 'bob' }), 1)).status).toBe(202)
  })

  test('where nobody is known their address is the caller; health has no limit', async () => {
    for (const _ of many(5, () => 0)) expect((await served.ask(undefined, 'GET', '/p')).status).toBe(200)
    expectTooMany(await served.ask(undefined, 'GET', '/p'))
    for (const _ of many(10, () => 0))
      expect((await served.ask(undefined, 'GET', '/healthz')).status).toBe(200)
    expect((await run(alice(), 1)).status).toBe(202)
  })

  test.each([
    ['401, without a token', 401, 'GET', '/p/actions', undefined],
    ['401, with a token that is none', 401, 'GET', '/p/actions', 'no token at all'],
    ['401, with a token that is made up', 401, 'GET', '/p/actions', 'guess'],
    ['403, with the token of another service', 403, 'GET', '/p/actions', 'elsewhere'],
    ['403, of a caller who may not', 403, 'POST', '/p2/run', 'alice'],
    ['404, of no such action', 404, 'GET', '/p/nothing/status', 'alice'],
    ['404, of no such path', 404, 'GET', '/p/no/such/path', undefined],
    ['405', 405, 'PUT', '/p/run', undefined],
    ['422', 422, 'GET', '/p/actions?limit=0', 'alice'],
    ['400', 400, 'POST', '/p/run', 'alice'],
  ])('a refusal counts: %s', async (_name, status, method, path, who) => {
    const { auth } = served as Served
    const token =
      who === 'alice'
        ? alice().token
        : who === 'elsewhere'
          ? auth.caller({ username: 'alice', scopes: ['other'] }).token
          : who
    const ask = (): Promise<Answer> =>
      served.ask(
        token === undefined ? undefined : { token },
        method,
        path,
        method === 'POST' ? '{' : undefined,
      )
    for (const _ of many(5, () => 0)) expect((await ask()).status).toBe(status)
    expectTooMany(await ask())
  })

  test('a clock that jumps neither ends nor prolongs a limit', async () => {
    const caller = alice()
    for (const id of [1, 2, 3, 4, 5]) await run(caller, id)
    for (const hours of [2, -2]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
      expectTooMany(await run(caller, 6))
    }
  })
})

describe('guesses of tokens, from an address that others share', () => {
  let globus: EmulatedGlobus
  beforeAll(async () => {
    globus = await emulateGlobus()
  })
  afterAll(() => globus.close())
  beforeEach(async () => {
    served = await serveForTest(echo, { auth: globus.auth(), application: { limits: { rateLimit: 20 } } })
  })

  let guesses = 0
  const guess = (): Promise<Answer> => served.ask({ token: `guess${guesses++}` }, 'GET', '/p/actions')
  const status = async (token: string): Promise<number> =>
    (await served.ask({ token }, 'GET', '/p/actions')).status

  test('are counted before Globus is asked, all at once as one by one', async () => {
    let answers: Answer[] = []
    const asked = await globus.asked(async () => {
      answers = await Promise.all(many(100, guess))
    })
    expect(asked.introspect).toBe(20)
    expect(statuses(answers).sort()).toEqual([...many(20, () => 401), ...many(80, () => 429)])
    expect(await globus.asked(guess)).toEqual({})
  })

  test('use up nothing that known callers need, not even when they have to be asked about again', async () => {
    const tokens = await Promise.all(['alice', 'bob', 'carol'].map((name) => globus.token(name)))
    expect(await Promise.all(tokens.map(status))).toEqual([200, 200, 200])
    await Promise.all(many(100, guess))
    expect((await guess()).status).toBe(429)
    expect(await Promise.all(tokens.map(status))).toEqual([200, 200, 200])
    globus.pass(31_000)
    const again = await globus.asked(async () => {
      expect(await Promise.all(tokens.map(status))).toEqual([200, 200, 200])
    })
    expect(again).toEqual({ introspect: 3 })
    expect((await served.ask(undefined, 'GET', '/p')).status).toBe(200)
  })

  test('are none that turn out to be right: any number of callers may come from there', async () => {
    for (const _ of many(50, () => 0)) expect(await status(await globus.token('alice'))).not.toBe(401)
    const tokens = await Promise.all(many(25, () => globus.token('bob')))
    for (const token of tokens.slice(0, 20)) expect(await status(token)).toBe(200)
    expect(await status(await globus.token('carol'))).toBe(200)
    expect((await guess()).status).toBe(401)
  })

  test('while Globus is away are no guesses', async () => {
    await globus.emulator.setFault({ endpoint: 'introspect', status: 503 })
    for (const _ of many(30, () => 0)) expect((await guess()).status).toBe(503)
    await globus.calm()
    globus.pass(2_000)
    expect(await status(await globus.token('alice'))).toBe(200)
  })
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { defineActionProvider } from '../src/index.ts'
import { type Answer, type Served, serveForTest } from './served.ts'

/** More load than there is room for, and clients that are slow, idle or gone: the others are served all the same. */

let served: Served
afterEach(async () => {
  await served.close()
})

const contact = { admin_contact: 'support@example.org' }

/** A provider whose requests wait behind a gate. */
function gated(): {
  provider: ReturnType<typeof defineActionProvider>
  waiting: () => number
  open: () => void
} {
  const gate = Promise.withResolvers<void>()
  let waiting = 0
  const provider = defineActionProvider({
    description: { ...contact, title: 'echo', synchronous: true },
    input: { type: 'object' },
    run: ({ input }) => ({ ...(input as object) }),
    hooks: {
      async before({ operation }) {
        if (operation !== 'run') return
        waiting++
        await gate.promise
        waiting--
      },
    },
  })
  return { provider, waiting: () => waiting, open: () => gate.resolve() }
}

/** Opens a connection of its own. */
async function open(text = ''): Promise<Socket> {
  const { port } = served.app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))
const run = (caller: { token: string }, id: number | string, body: object = {}): Promise<Answer> =>
  served.ask(caller, 'POST', '/p/run', { request_id: `${id}`, body })

/** The head of a run that says it has a body of 100 bytes. */
const head = (token: string): string =>
  `POST /p/run HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 100\r\n\r\n`

function expectBusy(answer: Answer): void {
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(answer.json).toEqual({
    code: 'ServiceUnavailable',
    description: expect.stringContaining('try again'),
  })
}

describe('more than there is room for', () => {
  test('requests beyond those in hand get 503 with Retry-After at once; health is answered; then all is served', async () => {
    const { provider, waiting, open: openGate } = gated()
    served = await serveForTest(provider, {
      application: { limits: { requestsAtOnce: 20, requestsPerCaller: 200 } },
    })
    const alice = served.auth.caller({ username: 'alice' })
    const first = many(20, (id) => run(alice, id))
    await eventually(() => waiting() === 20)
    const refused = await Promise.all(many(180, (id) => run(alice, `more ${id}`)))
    refused.forEach(expectBusy)
    expectBusy(await served.ask(undefined, 'GET', '/p'))
    for (const path of ['/healthz', '/readyz']) {
      expect((await served.ask(undefined, 'GET', path)).status).toBe(200)
    }
    openGate()
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual(many(20, () => 202))
    for (const id of ['more 1', 'more 2']) expect((await run(alice, id)).status).toBe(202)
  })

  test('bodies hold no more memory than they may, however many arrive', async () => {
    const { provider, waiting, open: openGate } = gated()
    const room = 64
    served = await serveForTest(provider, {
      application: { limits: { bodyBytesAtOnce: room * 10_000, requestsPerCaller: 300 } },
    })
    const alice = served.auth.caller({ username: 'alice' })
    const answers = many(300, (id) => run(alice, id, { text: 'x'.repeat(10_000) }))
    let refused = 0
    for (const answer of answers) {
      void answer.then(({ status }) => {
        if (status === 503) refused++
      })
    }
    await eventually(() => waiting() + refused === 300)
    expect(waiting()).toBeLessThan(room)
    openGate()
    const done = await Promise.all(answers)
    done.filter(({ status }) => status !== 202).forEach(expectBusy)
    expect((await run(alice, 'after', { text: 'x'.repeat(10_000) })).status).toBe(202)
  })

  test('what is being done for callers that hang up keeps its place until it has ended', async () => {
    const { provider, waiting, open: openGate } = gated()
    served = await serveForTest(provider, {
      application: { limits: { requestsAtOnce: 6, requestsPerCaller: 7 } },
    })
    const alice = served.auth.caller({ username: 'alice' })
    const request = (id: string): string => {
      const body = JSON.stringify({ request_id: id, body: {} })
      return `POST /p/run HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${alice.token}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    }
    const sockets = await Promise.all(
      ['a', 'b'].map((id) => open([1, 2, 3].map((n) => request(`${id}${n}`)).join(''))),
    )
    await eventually(() => waiting() === 6)
    for (const socket of sockets) socket.destroy()
    expectBusy(await run(alice, 'too early'))
    openGate()
    await eventually(() => waiting() === 0)
    const answers = await Promise.all(many(6, (id) => run(alice, id)))
    expect(answers.map(({ status }) => status)).toEqual(many(6, () => 202))
  })

  test('a page of large actions is as long as fits, and the next ones tell the rest', async () => {
    const { provider, open: openGate } = gated()
    openGate()
    served = await serveForTest(provider)
    const alice = served.auth.caller({ username: 'alice' })
    const ids: string[] = []
    for (const id of many(12, String)) {
      ids.unshift((await run(alice, id, { text: 'x'.repeat(900_000) })).json.action_id)
    }
    const listed: string[] = []
    for (let query: string | undefined = '?status=succeeded'; query !== undefined; ) {
      const { json, headers, text } = await served.ask(alice, 'GET', `/p/actions${query}`)
      expect(text.length).toBeLessThan(5_000_000)
      listed.push(...json.map((action: { action_id: string }) => action.action_id))
      query = /^<(.*)>/.exec(headers.get('link') ?? '')?.[1]
    }
    expect(listed).toEqual(ids)
  })

  test('a heap that is nearly full refuses, and health still answers', async () => {
    const { provider } = gated()
    served = await serveForTest(provider, { application: { limits: { heapShare: 1e-9 } } })
    const refused = await eventually(async () => {
      const answer = await served.ask(undefined, 'GET', '/p')
      return answer.status === 503 && answer
    })
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(refused.json.code).toBe('ServiceUnavailable')
    expect((await served.ask(undefined, 'GET', '/healthz')).status).toBe(200)
  })
})

describe('clients that do not go on', () => {
  test('whose bodies never arrive take no place, and are answered 408 and cut off in time', async () => {
    const { provider, open: openGate } = gated()
    openGate()
    served = await serveForTest(provider, {
      application: { requestTimeout: 1_500, limits: { requestsAtOnce: 3, requestsPerCaller: 100 } },
    })
    const alice = served.auth.caller({ username: 'alice' })
    const slow = await Promise.all(many(60, () => open(`${head(alice.token)}{"request_id"`)))
    const endings = slow.map(async (socket) => {
      let text = ''
      for await (const chunk of socket.setEncoding('utf8')) text += chunk
      return text
    })
    expect((await run(alice, 'quick')).status).toBe(202)
    for (const text of await Promise.all(endings)) {
      expect(text).toMatch(/^HTTP\/1.1 408 /)
      expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toEqual({
        code: 'BadActionRequest',
        description: expect.any(String),
      })
    }
    expect((await run(alice, 'quick again')).status).toBe(202)
  })

  test.each([
    ['say nothing', ''],
    ['end in the middle of a header', 'GET /p HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['do not read their answers', undefined],
  ])('that %s are cut off in time', async (_name, text) => {
    const { provider, open: openGate } = gated()
    openGate()
    served = await serveForTest(provider, { application: { requestTimeout: 600 } })
    const alice = served.auth.caller({ username: 'alice' })
    await run(alice, 1, { text: 'x'.repeat(1_000_000) })
    const status = `GET /p/actions?status=succeeded HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${alice.token}\r\n\r\n`
    const stuck = await Promise.all(many(4, () => open(text ?? status.repeat(20))))
    for (const socket of stuck) socket.pause()
    expect((await run(alice, 2)).status).toBe(202)
    await eventually(async () => (await connections()) < stuck.length)
    for (const socket of stuck) socket.destroy()
  })

  const connections = (): Promise<number> =>
    new Promise((resolve, reject) =>
      served.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )

  test('10,000 of them, idle, do not stop others', async () => {
    const { provider, open: openGate } = gated()
    openGate()
    served = await serveForTest(provider)
    const alice = served.auth.caller({ username: 'alice' })
    const { port } = served.app.server.address() as AddressInfo
    // A process of their own, since each of the two may open only so many files.
    const idle = spawn(process.execPath, ['--eval', IDLE, `${port}`, '10000'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [opened] = await once(idle.stdout.setEncoding('utf8'), 'data')
    expect(Number(opened)).toBe(10_000)
    await eventually(async () => (await connections()) >= 10_000)
    const answers = await Promise.all(many(50, (id) => run(alice, id)))
    expect(answers.map(({ status }) => status)).toEqual(many(50, () => 202))
    // Nor do they keep it from stopping.
    await served.app.close()
    idle.kill()
    await once(idle, 'close')
  })

  const IDLE = `
    const [port, count] = process.argv.slice(1).map(Number)
    const sockets = []
    const open = () => {
      if (sockets.length >= count) return
      const socket = require('node:net').connect(port, '127.0.0.1', () => {
        if (sockets.push(socket) === count) process.stdout.write(String(count))
        open()
      })
      socket.on('error', (error) => { process.stdout.write(sockets.length + ' ' + error.code) })
    }
    for (let chain = 0; chain < 100; chain++) open()`
})

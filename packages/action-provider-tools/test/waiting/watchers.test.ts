import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import type { RunContext } from '../../src/index.ts'
import { describeWork, run, type ServedWork, start } from '../serve-work.ts'
import { type Followed, followUpdates } from './follow.ts'

/** Watchers that may not watch, that are too many, too slow or gone. */

describeWork(
  'those who watch',
  (server) => {
    /** Work that ends when it is told to. */
    const endless = {
      run: ({ signal }: RunContext<unknown>) =>
        new Promise((_, reject) => signal.addEventListener('abort', reject)),
    }

    const pathOf = (actionId: string): string => `/p/actions/${actionId}/updates`
    const watch = (served: ServedWork, caller: { token: string }, actionId: string): Promise<Followed> =>
      followUpdates(`${served.url}${pathOf(actionId)}`, caller)
    const many = <T>(count: number, make: (index: number) => T): T[] =>
      Array.from({ length: count }, (_, index) => make(index))

    async function openRaw(served: ServedWork, text: string): Promise<Socket> {
      const { port } = served.app.server.address() as AddressInfo
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      socket.write(text)
      return socket
    }

    describe('who may not see an action', () => {
      test('gets the answer of one that is not there; those in monitor_by watch it', async () => {
        const served = await server.serve(endless)
        const alice = served.auth.caller({ username: 'alice' })
        const friend = served.auth.caller({ username: 'friend' })
        const stranger = served.auth.caller({ username: 'stranger' })
        const { action_id } = await start(served, alice, { monitor_by: [friend.urn] })
        const there = await served.ask(stranger, 'GET', pathOf(action_id))
        const missing = await served.ask(stranger, 'GET', pathOf('00000000-0000-7000-8000-000000000000'))
        expect([there.status, there.json]).toEqual([missing.status, missing.json])
        expect([there.status, there.json.code]).toEqual([404, 'ActionNotFound'])
        expect((await served.ask(undefined, 'GET', pathOf(action_id))).status).toBe(401)
        const stream = await watch(served, friend, action_id)
        expect(stream.status).toBe(200)
        stream.hangUp()
      })

      test('any more hears nothing more: a token that is revoked ends the stream', async () => {
        const served = await server.serve(endless, { updates: { beat: 10, recheck: 30 } })
        const { caller, action_id } = await run(served)
        const stream = await watch(served, caller, action_id)
        await eventually(() => stream.events.length === 1)
        served.auth.revoke(caller as Parameters<typeof served.auth.revoke>[0])
        await stream.ended
        expect((await served.ask(caller, 'GET', pathOf(action_id))).status).toBe(401)
      })
    })

    describe('too many watchers', () => {
      test.each<[what: string, limits: Record<string, number>, status: number, code: string]>([
        ['of one caller', { requestsPerCaller: 10 }, 429, 'TooManyRequests'],
        ['in all', { waitsAtOnce: 5 }, 503, 'ServiceUnavailable'],
      ])(
        '%s are refused, other requests are not, and those that hang up make room',
        async (_what, limits, status, code) => {
          const served = await server.serve(endless, { application: { limits } })
          const { caller, action_id } = await run(served)
          const streams = await Promise.all(many(5, () => watch(served, caller, action_id)))
          const refused = await served.ask(caller, 'GET', pathOf(action_id))
          expect([refused.status, refused.json.code]).toEqual([status, code])
          expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
          expect((await served.ask(caller, 'GET', `/p/actions/${action_id}`)).status).toBe(200)
          for (const stream of streams) stream.hangUp()
          const again = await eventually(async () => {
            const stream = await watch(served, caller, action_id)
            return stream.status === 200 && stream
          })
          again.hangUp()
        },
      )

      test('give their places back: as many as may watch take none from others', async () => {
        const limits = { requestsAtOnce: 4, requestsPerCaller: 200, waitsAtOnce: 50 }
        const served = await server.serve(endless, { application: { limits } })
        const { caller, action_id } = await run(served)
        const streams: Followed[] = []
        for (const _each of many(50, String)) {
          const stream = await watch(served, caller, action_id)
          expect(stream.status).toBe(200)
          streams.push(stream)
        }
        const answers = await Promise.all(many(4, () => served.ask(caller, 'GET', `/p/actions/${action_id}`)))
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
        for (const stream of streams) stream.hangUp()
      })

      test('at once, of which most are refused, leave nothing behind', async () => {
        const limits = { requestsAtOnce: 50, requestsPerCaller: 2_000, waitsAtOnce: 20 }
        const served = await server.serve(endless, { application: { limits } })
        const { caller, action_id } = await run(served)
        const streams = await Promise.all(many(1_000, () => watch(served, caller, action_id)))
        const open = streams.filter(({ status }) => status === 200)
        expect(open.length).toBeLessThanOrEqual(20)
        expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200, 503]))
        for (const stream of streams) stream.hangUp()
        const rest = await eventually(async () => {
          const more = await Promise.all(many(20, () => watch(served, caller, action_id)))
          for (const stream of more) stream.hangUp()
          return more.every(({ status }) => status === 200)
        })
        expect(rest).toBe(true)
      })

      test('HEAD says what would come, and holds nothing', async () => {
        const limits = { waitsAtOnce: 1 }
        const served = await server.serve(endless, { application: { limits } })
        const { caller, action_id } = await run(served)
        for (const _each of many(3, String)) {
          const head = await served.ask(caller, 'HEAD', pathOf(action_id))
          expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
        }
      })
    })

    test('a watcher that does not read is cut off, and nothing is kept for it', async () => {
      const text = 'x'.repeat(1024 * 1024)
      let told = 0
      let go = (): void => {}
      const served = await server.serve(
        {
          async run({ progress, signal }: RunContext<unknown>) {
            while (!signal.aborted) {
              await new Promise<void>((resolve) => {
                go = resolve
              })
              progress({ text, count: ++told })
            }
            return {}
          },
        },
        { updates: { beat: 200 } },
      )
      const sockets = new Set<Socket>()
      served.app.server.on('connection', (socket: Socket) => sockets.add(socket))
      const { caller, action_id } = await run(served)
      const reader = await watch(served, caller, action_id)
      const slow = await openRaw(
        served,
        `GET ${pathOf(action_id)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${caller.token}\r\n\r\n`,
      )
      slow.pause()
      const { localPort } = slow
      const open = (): boolean =>
        [...sockets].some(({ remotePort, destroyed }) => remotePort === localPort && !destroyed)
      await eventually(open)
      const counts = (): number[] => reader.events.map(({ data }) => JSON.parse(data).details.count ?? 0)
      let most = 0
      for (let round = 1; open(); round++) {
        go()
        // Who reads is told of everything meanwhile.
        await eventually(() => (counts().at(-1) ?? 0) >= round)
        for (const socket of sockets) most = Math.max(most, socket.writableLength)
        // More than the systems of both sides hold.
        if (round === 30) await eventually(() => !open())
      }
      // One event, and what a buffer of Node's holds.
      expect(most).toBeLessThan(3 * text.length)
      reader.hangUp()
      slow.destroy()
    })
  },
  'SQLite',
)

import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import { defineActionProvider, type RunContext } from '../../src/index.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { describeWork, type ServedWork } from '../serve-work.ts'
import { type Answer, type Served, serveForTest } from '../served.ts'

/** Callers that wait for the end of their action: run does by itself, and both run and status where `Prefer` asks for it. */

/** Longer than any test takes: who is answered sooner was not answered by the clock. */
const LONG = 60_000

/** As long as work that sleeps stays in memory at most. */
const MOST_IN_MEMORY = 5_000

/** Work that goes on until the gate is opened. */
function gated(): {
  run: (context: RunContext<unknown>) => Promise<object>
  begun: () => number
  open: () => void
} {
  const gate = Promise.withResolvers<void>()
  let begun = 0
  return {
    run: async () => {
      begun++
      await gate.promise
      return { over: true }
    },
    begun: () => begun,
    open: () => gate.resolve(),
  }
}

let requests = 0
const run = (
  served: Served,
  headers: Record<string, string> = {},
  username = 'alice',
  request_id = `${requests++}`,
): Promise<Answer> =>
  served.ask(served.auth.caller({ username }), 'POST', '/p/run', { request_id, body: {} }, headers)
const outcome = ({ status, json }: Answer): unknown[] => [status, json.status]

describeWork('run of an asynchronous provider', (server) => {
  test('answers with the complete action where the work ends in time, also to who repeats it', async () => {
    const work = gated()
    const served = await server.serve({ ...work, answerWithin: LONG })
    const answers = [run(served, {}, 'alice', 'same'), run(served, {}, 'alice', 'same')]
    await eventually(() => work.begun() === 1)
    work.open()
    const [one, other] = await Promise.all(answers)
    expect([one, other].map((answer) => answer && outcome(answer)).sort()).toEqual([
      [200, 'SUCCEEDED'],
      [202, 'SUCCEEDED'],
    ])
    expect(one?.json).toMatchObject({ details: { over: true }, completion_time: expect.any(String) })
    expect(one?.headers.has('preference-applied')).toBe(false)
  })

  test('answers with the action as it is where the time is over, or nobody waits', async () => {
    for (const answerWithin of [1, 0]) {
      const work = gated()
      const served = await server.serve({ ...work, answerWithin })
      expect(outcome(await run(served))).toEqual([202, 'ACTIVE'])
      work.open()
    }
  })

  test('answers when the work pauses', async () => {
    const served = await server.serve({
      answerWithin: LONG,
      run: ({ pause }: RunContext<unknown>) => pause({ code: 'NeedsApproval', description: 'Somebody must' }),
    })
    expect(outcome(await run(served))).toEqual([202, 'INACTIVE'])
  })

  test.each([
    ['sleeps for long', ({ sleep }: RunContext<unknown>) => sleep('long', { days: 1 })],
    [
      'waits for an event',
      ({ waitFor }: RunContext<unknown>) => waitFor('go', { schema: { type: 'object' } as const }),
    ],
  ])('answers at once where the work %s, unless its caller prefers to wait', async (_what, act) => {
    const served = await server.serve({
      answerWithin: MOST_IN_MEMORY,
      run: async (context: RunContext<unknown>) => {
        await act(context)
      },
    })
    const answered: string[] = []
    const patient = run(served, { prefer: 'wait=5' }).then((answer) => {
      answered.push('patient')
      return answer
    })
    expect(outcome(await run(served))).toEqual([202, 'ACTIVE'])
    expect(answered).toEqual([])
    expect(outcome(await patient)).toEqual([202, 'ACTIVE'])
    expect((await patient).headers.get('preference-applied')).toBe('wait=5')
  })

  test('waits as its caller prefers, and says so', async () => {
    const work = gated()
    const served = await server.serve({ ...work, answerWithin: LONG })
    for (const prefer of ['respond-async', 'wait=0', 'wait=1, respond-async']) {
      const answer = await run(served, { prefer })
      expect(outcome(answer)).toEqual([202, 'ACTIVE'])
      expect(answer.headers.get('preference-applied')).toBe(prefer.split(',')[0])
      expect(answer.headers.get('vary')).toBe('Prefer')
    }
    const patient = await server.serve({ ...work, answerWithin: 0 })
    const waiting = run(patient, { prefer: 'wait=60' })
    await eventually(() => work.begun() === 4)
    work.open()
    const answer = await waiting
    expect(outcome(answer)).toEqual([202, 'SUCCEEDED'])
    expect(answer.headers.get('preference-applied')).toBe('wait=60')
  })

  test('waits no longer than it must when its instance stops', async () => {
    const work = gated()
    const served = await server.serve({ ...work, answerWithin: LONG }, { shutdownGrace: 20_000 })
    const waiting = run(served)
    await eventually(() => work.begun() === 1)
    const closing = served.app.close()
    expect(outcome(await waiting)).toEqual([202, 'ACTIVE'])
    work.open()
    await closing
  })
})

describeWork(
  'status',
  (server) => {
    const status = (
      served: Served,
      { json }: Answer,
      headers: Record<string, string> = {},
    ): Promise<Answer> =>
      served.ask(
        served.auth.caller({ username: 'alice' }),
        'GET',
        `/p/actions/${json.action_id}`,
        undefined,
        headers,
      )

    test('waits for the end where its caller prefers that, and else does not', async () => {
      const work = gated()
      const served = await server.serve(work)
      const started = await run(served)
      for (const prefer of [undefined, 'wait=0', 'respond-async', 'wait=ten']) {
        const answer = await status(served, started, { ...(prefer !== undefined && { prefer }) })
        expect(outcome(answer)).toEqual([200, 'ACTIVE'])
        const applied = prefer === 'wait=ten' ? undefined : prefer
        expect(answer.headers.get('preference-applied') ?? undefined).toBe(applied)
      }
      const waiting = status(served, started, { prefer: 'wait=600' })
      await eventually(() => work.begun() === 1)
      work.open()
      const answer = await waiting
      expect(outcome(answer)).toEqual([200, 'SUCCEEDED'])
      expect(answer.headers.get('preference-applied')).toBe('wait=60')
      const late = await status(served, started, { prefer: 'wait=60' })
      expect(outcome(late)).toEqual([200, 'SUCCEEDED'])
      expect(late.headers.get('preference-applied')).toBe('wait=60')
    })

    test('of a provider that keeps its own actions does not wait, and does not say that it did', async () => {
      const action = { action_id: 'one', status: 'ACTIVE', details: {}, creator_id: '' }
      const own = defineActionProvider({
        description: { title: 'own', admin_contact: 'support@example.org', synchronous: false },
        input: { type: 'object' },
        run: ({ auth }) => ({ ...action, creator_id: auth.effectiveIdentity }) as never,
        status: ({ auth }) => ({ ...action, creator_id: auth.effectiveIdentity }) as never,
        cancel: () => action as never,
        release: () => action as never,
      })
      const served = await serveForTest(own)
      const answers = [await run(served, { prefer: 'wait=60' })]
      answers.push(await status(served, answers[0] as Answer, { prefer: 'wait=60' }))
      await served.close()
      for (const answer of answers) {
        expect(answer.json.status).toBe('ACTIVE')
        expect(answer.headers.has('preference-applied')).toBe(false)
      }
    })
  },
  'SQLite',
)

describeWork(
  'those who wait',
  (server) => {
    const limited = async (
      work: ReturnType<typeof gated>,
      limits: Record<string, number>,
    ): Promise<ServedWork> => server.serve({ ...work, answerWithin: LONG }, { application: { limits } })

    test('hold no place among the requests in hand', async () => {
      const work = gated()
      const served = await limited(work, { requestsAtOnce: 2, requestsPerCaller: 100 })
      const waiting: Promise<Answer>[] = []
      for (let count = 1; count <= 10; count++) {
        waiting.push(run(served))
        await eventually(() => work.begun() === count)
      }
      expect((await run(served, { prefer: 'respond-async' })).status).toBe(202)
      work.open()
      for (const answer of await Promise.all(waiting)) expect(outcome(answer)).toEqual([202, 'SUCCEEDED'])
    })

    test.each([
      ['in all', { waitsAtOnce: 3, requestsPerCaller: 100 }],
      ['of one caller', { requestsPerCaller: 6 }],
    ])('are no more than they may be %s: the others are answered at once', async (_what, limits) => {
      const work = gated()
      const served = await limited(work, limits)
      const waiting: Promise<Answer>[] = []
      for (let count = 1; count <= 3; count++) {
        waiting.push(run(served))
        await eventually(() => work.begun() === count)
      }
      const answer = await run(served, { prefer: 'wait=60' })
      expect(outcome(answer)).toEqual([202, 'ACTIVE'])
      expect(answer.headers.has('preference-applied')).toBe(false)
      work.open()
      for (const each of await Promise.all(waiting)) expect(outcome(each)).toEqual([202, 'SUCCEEDED'])
      expect(outcome(await run(served))).toEqual([202, 'SUCCEEDED'])
    })

    test('leave room to others when they hang up', async () => {
      const work = gated()
      const served = await limited(work, { waitsAtOnce: 1 })
      const { port } = served.app.server.address() as AddressInfo
      const { token } = served.auth.caller({ username: 'alice' })
      const body = JSON.stringify({ request_id: 'gone', body: {} })
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(
        `POST /p/run HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      )
      await eventually(() => work.begun() === 1)
      await eventually(
        async () => (await run(served, { prefer: 'wait=1' })).headers.has('preference-applied') === false,
      )
      socket.destroy()
      await eventually(async () =>
        (await run(served, { prefer: 'wait=1' })).headers.has('preference-applied'),
      )
      work.open()
    })
  },
  'SQLite',
)

describeWork(
  'a run on one of two instances',
  (server) => {
    test('a run that another instance works on is answered when that has ended it', async () => {
      const work = gated()
      const auth = fakeAuth()
      const working = await server.serve({ ...work, answerWithin: LONG }, { auth })
      const serving = await server.serve(
        { ...work, answerWithin: LONG },
        { auth, database: working.database, works: false },
      )
      const waiting = run(serving)
      await eventually(() => work.begun() === 1)
      work.open()
      expect(outcome(await waiting)).toEqual([202, 'SUCCEEDED'])
    })
  },
  'PostgreSQL',
)

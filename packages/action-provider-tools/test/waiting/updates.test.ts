import { expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import type { ServerEvent } from '../../src/client/event-stream.ts'
import type { ActionStatus, RunContext } from '../../src/index.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { describeWork, run, type ServedWork } from '../serve-work.ts'
import type { TestDatabase } from '../stores.ts'
import { type Followed, followUpdates } from './follow.ts'

/** What a watcher of an action is told, on both stores. */

const description = { title: 'steps', admin_contact: 'support@example.org', synchronous: false }

/** Work that goes on a step whenever a test says so. */
function stepped(): { work: { run: (context: RunContext<unknown>) => Promise<object> }; next: () => void } {
  let waiting: (() => void)[] = []
  let steps = 0
  return {
    next() {
      steps++
      for (const go of waiting.splice(0)) go()
    },
    work: {
      async run({ progress, log }) {
        for (let step = 1; step <= 3; step++) {
          while (steps < step) await new Promise<void>((resolve) => waiting.push(resolve))
          log(`Step${step}`, 'A step')
          if (step < 3) progress({ step })
        }
        waiting = []
        return { done: true }
      },
    },
  }
}

/** How long a thousand may take to hear of something, where the machine has more to do. */
const PATIENCE = 60_000
const timeout = 2 * PATIENCE

/** Room for many watchers who are one caller. */
const many = { application: { limits: { requestsPerCaller: 2_000 } } }

/** A database, and how often it was asked what watchers are told. */
function counted(database: TestDatabase): { database: TestDatabase; asked: () => number } {
  let asked = 0
  const counting =
    <Given extends unknown[], Told>(ask: (...given: Given) => Told) =>
    (...given: Given): Told => {
      asked++
      return ask(...given)
    }
  return {
    asked: () => asked,
    database: {
      async open(options) {
        const store = await database.open(options)
        return { ...store, get: counting(store.get), logAfter: counting(store.logAfter) }
      },
    },
  }
}

/** Watches an action often, until each watcher has heard how it is. */
async function watchers(count: number, ...action: Parameters<typeof updates>): Promise<Followed[]> {
  const streams = await Promise.all(Array.from({ length: count }, () => updates(...action)))
  await eventually(() => streams.every(({ events }) => events.length > 0), PATIENCE)
  return streams
}

/** Lets work take its steps, each once all have heard of the one before. */
async function tell(next: () => void, streams: readonly Followed[]): Promise<void> {
  for (const step of [1, 2]) {
    next()
    await eventually(() => streams.every(({ events }) => steps(events).includes(step)), PATIENCE)
  }
  next()
  await Promise.all(streams.map(({ ended }) => ended))
  for (const { events } of streams) expect(codes(events)).toEqual(['Step1', 'Step2', 'Step3'])
}

/** Each of three steps is told in two changes at most, its log entry and its status, and each may be read by a query for both. */
const MOST_QUERIES = 12

const updates = (
  served: ServedWork,
  caller: { token: string },
  actionId: string,
  headers: Record<string, string> = {},
  query = '',
): Promise<Followed> => followUpdates(`${served.url}/p/actions/${actionId}/updates${query}`, caller, headers)

const statuses = (events: readonly ServerEvent[]): ActionStatus[] =>
  events.filter(({ event }) => event === 'status').map(({ data }) => JSON.parse(data))
const codes = (events: readonly ServerEvent[]): string[] =>
  events.filter(({ event }) => event === 'log').map(({ data }) => JSON.parse(data).code)
const steps = (events: readonly ServerEvent[]): unknown[] =>
  statuses(events).map(({ details }) => (details as { step?: number }).step)

describeWork('a stream of updates', (server) => {
  test('tells of each status and each entry of the log, the complete status last, and ends', async () => {
    const { work, next } = stepped()
    const served = await server.serve({ description, ...work })
    const { caller, action_id } = await run(served)
    const stream = await updates(served, caller, action_id)
    expect(stream.status).toBe(200)
    expect(Object.fromEntries(stream.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String),
    })
    await eventually(() => stream.events.length === 1)
    for (const step of [1, 2]) {
      next()
      await eventually(() => steps(stream.events).includes(step))
    }
    next()
    await stream.ended
    expect(codes(stream.events)).toEqual(['Step1', 'Step2', 'Step3'])
    expect(steps(stream.events)).toEqual([undefined, 1, 2, undefined])
    expect(JSON.parse(stream.events.at(-1)?.data ?? '')).toMatchObject({
      action_id,
      status: 'SUCCEEDED',
      details: { done: true },
    })
  })

  test('goes on after any event, with no loss and nothing twice', async () => {
    const { work, next } = stepped()
    const served = await server.serve({ description, ...work })
    const { caller, action_id } = await run(served)
    const first = await updates(served, caller, action_id)
    for (const step of [1, 2]) {
      next()
      await eventually(() => steps(first.events).includes(step))
    }
    next()
    await first.ended
    for (const [index, event] of first.events.entries()) {
      const rest = await updates(served, caller, action_id, { 'last-event-id': event.id })
      await rest.ended
      const missed = first.events.slice(index + 1)
      expect(codes(rest.events)).toEqual(codes(missed))
      // Of the status, only what it has become counts.
      expect(statuses(rest.events)).toEqual(statuses(missed).slice(-1))
      expect(rest.status).toBe(missed.length === 0 ? 204 : 200)
    }
    const garbled = await updates(served, caller, action_id, { 'last-event-id': 'garbled' })
    await garbled.ended
    expect(codes(garbled.events)).toHaveLength(3)
  })

  test('tells of what is asked for alone', async () => {
    const { work, next } = stepped()
    const served = await server.serve({ description, ...work })
    const { caller, action_id } = await run(served)
    const status = await updates(served, caller, action_id, {}, '?events=status')
    const log = await updates(served, caller, action_id, {}, '?events=log')
    for (const _step of [1, 2, 3]) next()
    await Promise.all([status.ended, log.ended])
    expect(codes(status.events)).toEqual([])
    expect(statuses(status.events).at(-1)?.status).toBe('SUCCEEDED')
    expect(codes(log.events)).toEqual(['Step1', 'Step2', 'Step3'])
    expect(statuses(log.events)).toEqual([])
    const wrong = await served.ask(caller, 'GET', `/p/actions/${action_id}/updates?events=all`)
    expect([wrong.status, wrong.json.code]).toEqual([422, 'RequestValidationError'])
  })

  test('reads a long log whole', async () => {
    const served = await server.serve({
      description,
      run: ({ log }: RunContext<unknown>) => {
        for (let count = 0; count < 250; count++) log(`Entry${count}`, 'One of many')
        return {}
      },
    })
    const { caller, action_id } = await run(served)
    const stream = await updates(served, caller, action_id)
    await stream.ended
    expect(codes(stream.events)).toEqual(Array.from({ length: 250 }, (_, count) => `Entry${count}`))
  })

  test('ends at once when its instance stops, though its work goes on', async () => {
    const { work, next } = stepped()
    const served = await server.serve({ description, ...work }, { shutdownGrace: 20_000 })
    const { caller, action_id } = await run(served)
    const stream = await updates(served, caller, action_id)
    await eventually(() => stream.events.length === 1)
    const closing = served.app.close()
    await stream.ended
    expect(statuses(stream.events).map(({ status }) => status)).toEqual(['ACTIVE'])
    for (const _step of [1, 2, 3]) next()
    await closing
  })

  test('says something now and then where nothing happens', async () => {
    const { work } = stepped()
    const served = await server.serve({ description, ...work }, { updates: { beat: 20 } })
    const { caller, action_id } = await run(served)
    const stream = await updates(served, caller, action_id)
    await eventually(() => (stream.text().match(/^:$/gm) ?? []).length >= 3)
    expect(stream.events).toHaveLength(1)
    stream.hangUp()
  })

  test('costs one query a change, though a thousand watch', { timeout }, async () => {
    const { work, next } = stepped()
    const { database, asked } = counted(await server.createDatabase())
    const served = await server.serve({ description, ...work }, { auth: fakeAuth(), database, ...many })
    const { caller, action_id } = await run(served)
    const streams = await watchers(1_000, served, caller, action_id)
    // Each stream finds its action first, which may be counted.
    const before = asked()
    await tell(next, streams)
    expect(asked() - before).toBeLessThanOrEqual(MOST_QUERIES)
  })
})

describeWork(
  'a stream of updates of one of two instances',
  (server) => {
    test('a thousand watchers cost each instance one query a change', { timeout }, async () => {
      const { work, next } = stepped()
      const auth = fakeAuth()
      const shared = await server.createDatabase()
      const [here, there] = [counted(shared), counted(shared)]
      const working = await server.serve({ description, ...work }, { auth, database: here.database, ...many })
      const other = { auth, database: there.database, works: false, ...many }
      const serving = await server.serve({ description, ...work }, other)
      const { caller, action_id } = await run(working)
      const streams = [
        ...(await watchers(500, working, caller, action_id)),
        ...(await watchers(500, serving, caller, action_id)),
      ]
      const before = [here.asked(), there.asked()] as const
      await tell(next, streams)
      expect(here.asked() - before[0]).toBeLessThanOrEqual(MOST_QUERIES)
      expect(there.asked() - before[1]).toBeLessThanOrEqual(MOST_QUERIES)
    })

    test('a watcher on an instance that does no work hears of what another does', async () => {
      const { work, next } = stepped()
      const auth = fakeAuth()
      const working = await server.serve({ description, ...work }, { auth })
      const serving = await server.serve(
        { description, ...work },
        { auth, database: working.database, works: false },
      )
      const { caller, action_id } = await run(serving)
      const streams = [await updates(serving, caller, action_id), await updates(working, caller, action_id)]
      for (const step of [1, 2]) {
        next()
        await eventually(() => streams.every(({ events }) => steps(events).includes(step)))
      }
      // What one instance told, another goes on with.
      const moved = await updates(working, caller, action_id, {
        'last-event-id': streams[0]?.events.at(-1)?.id ?? '',
      })
      next()
      await Promise.all([...streams, moved].map(({ ended }) => ended))
      for (const { events } of streams) {
        expect(codes(events)).toEqual(['Step1', 'Step2', 'Step3'])
        expect(statuses(events).at(-1)?.status).toBe('SUCCEEDED')
      }
      expect(codes(moved.events)).toEqual(['Step3'])
    })
  },
  'PostgreSQL',
)

import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ActionProvider,
  type ActionStatus,
  type ActionStore,
  defineActionProvider,
  type RunContext,
  WaitTimeout,
} from '../src/index.ts'
import { fakeAuth } from '../src/testing/index.ts'
import { mortalStore } from './mortal-store.ts'
import { createClock, description } from './serve-work.ts'
import { type Answer, type Served, serveForTest } from './served.ts'
import { type Planned, planOf, type Story, sentTo, story, timesOut } from './steps-story.ts'
import { storesForTest, type TestStores } from './stores.ts'

/**
 * Random work of steps, sleeps and events, whose instances die one after the other, beside a model: what each act has to come after,
 * how much time must have passed by then, and how the action ends.
 */

const HOUR = 3_600_000
const LEASE = 15_000

/** What an act came to, in the order in which it came about. */
type Sight = { what: 'tried' | 'durable' | 'asked' | 'given'; key: string; result?: string; at: number }

/** Lives through a story, and checks it against the model. */
async function live({ program, deaths, cancelAt, deadline }: Story, database: ActionStore, clock: Clock) {
  const { plan, hours } = planOf(program)
  const acts = plan.flat(2)
  const sights: Sight[] = []
  const leases: Promise<unknown>[] = []
  const auth = fakeAuth({ clock })
  const alice = auth.caller({ username: 'alice', expiresAt: clock() + 10_000 * HOUR })
  const startedAt = clock()
  let moments = 0
  let canceled: Promise<Answer> | undefined
  /** How much had come about when cancel was answered. */
  let answered: number | undefined
  let action_id = ''

  const triesOf = (key: string): number =>
    sights.filter((sight) => sight.what === 'tried' && sight.key === key).length

  async function moment(): Promise<Answer | undefined> {
    if (moments++ !== cancelAt) return undefined
    canceled = ask('POST', `/${action_id}/cancel`)
    const answer = await canceled
    answered = sights.length
    return answer
  }

  /** The work, on an instance that may be dead: nothing of it is heard then. */
  function providerOn(isDead: () => boolean): ActionProvider {
    const died = new Promise<never>(() => {})
    const perform = async (planned: Planned, { step, sleep, waitFor }: RunContext<unknown>) => {
      const { given, key, act } = planned
      if (isDead()) return died
      if (act.kind === 'wait') {
        sights.push({ what: 'asked', key, at: clock() })
        const limit = timesOut(act) && { timeout: { hours: 1 } }
        const got: unknown[] = []
        for (let index = 0; index < (timesOut(act) ? 1 : act.values); index++) {
          got.push(await waitFor(given, { schema: EVENT, ...limit }).catch(lateOr))
        }
        if (isDead()) return died
        sights.push({ what: 'given', key, result: JSON.stringify(got), at: clock() })
        return got
      }
      if (act.kind === 'sleep') {
        await sleep(given, act.hours === 0 ? 2 : { hours: act.hours })
        return isDead() ? died : 'slept'
      }
      const result = await step(
        given,
        async () => {
          if (isDead()) return died
          const tries = triesOf(key) + 1
          const gives = `${key} ${tries}`
          sights.push({ what: 'tried', key, result: gives, at: clock() })
          await moment()
          if (isDead()) return died
          if (tries <= act.failures) throw new Error('not yet')
          return gives
        },
        { retry: { limit: 100, backoff: 1, maximumBackoff: 1 } },
      )
      if (isDead()) return died
      sights.push({ what: 'given', key, result, at: clock() })
      return result
    }
    return defineActionProvider({
      description: { ...description, maximum_deadline: 'P365D' },
      input: { type: 'object' } as const,
      answerWithin: 0,
      run: async (context) => {
        // It may begin before its starter has the answer.
        action_id = context.action_id
        const results: unknown[][][] = []
        for (const stage of plan) {
          const branches = stage.map(async (branch) => {
            const given: unknown[] = []
            for (const planned of branch) given.push(await perform(planned, context as never))
            return given
          })
          results.push(await Promise.all(branches))
        }
        return { results }
      },
    })
  }

  async function start(): Promise<Served> {
    const served: Promise<Served> = Promise.resolve().then(() =>
      serveForTest(
        providerOn(() => mortal.isDead()),
        {
          store: mortal.store,
          auth,
          clock,
          shutdownGrace: 0,
          timing: { tick: 5, poll: 5, keep: 20, sweep: 50, gather: 2 },
        },
      ),
    )
    const mortal = mortalStore(database, deaths.shift(), {
      kept: (names) => {
        for (const key of names) sights.push({ what: 'durable', key, at: clock() })
      },
      died: () => {
        closing.push(served.then(({ app }) => app.close()))
        // A renewal that is on its way counts from before that: it is written by the time that this is.
        const ended = (): void => clock.forward(LEASE + 1)
        // One may also die when all is over and its database is gone.
        leases.push(database.ping().then(ended, ended))
        current = start()
      },
    })
    return served
  }
  let current = start()

  /** Asks whichever instance lives, until one answers. */
  async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
    for (;;) {
      const { ask } = await current
      const answer = await ask(alice, method, `/p${path}`, body).catch(() => undefined)
      if (answer !== undefined && answer.status !== 503) return answer
      await pause(1)
    }
  }

  const sent = new Set<string>()
  /** Sends events whose moment has come, each as often as the story says. Returns whether there were any. */
  async function sendEvents(...comes: string[]): Promise<boolean> {
    const isTheir = ({ key, act }: Planned): boolean =>
      act.kind === 'wait' &&
      comes.includes(act.comes) &&
      !sent.has(key) &&
      (act.comes === 'early' || sights.some((sight) => sight.key === key && sight.what === WHEN[act.comes]))
    const due = acts.filter(isTheir)
    for (const planned of due) {
      sent.add(planned.key)
      const { times } = planned.act as Planned['act'] & { kind: 'wait' }
      for (const value of sentTo(planned)) {
        for (let time = 0; time < times; time++) {
          const path = `/actions/${action_id}/events/${planned.given}`
          const { status } = await ask('POST', path, { value })
          // Nothing reaches an action that is complete.
          if (status === 409)
            expect((await database.get('work', action_id))?.status).toMatch(/SUCCEEDED|FAILED/)
          else expect(status).toBe(200)
        }
      }
    }
    return due.length > 0
  }

  async function untilComplete(): Promise<ActionStatus> {
    for (const end = performance.now() + 20_000; performance.now() < end; await pause(1)) {
      const action = await database.get('work', action_id)
      if (action?.status === 'SUCCEEDED' || action?.status === 'FAILED') return JSON.parse(action.document)
      expect(clock() - startedAt, 'the time that it takes').toBeLessThan((hours + 1) * HOUR)
      if (await sendEvents('asked', 'late')) continue
      const due = await database.nextDue('work')
      if (due === undefined) continue
      const answer = await moment()
      if (answer) expect(answer.json).toMatchObject({ status: 'FAILED', details: { code: 'Canceled' } })
      else clock.forward(due - clock() + 1)
    }
    throw new Error(`It has not ended: ${JSON.stringify(sights)}`)
  }

  try {
    const limit = deadline !== undefined && new Date(startedAt + (deadline + 0.5) * HOUR).toISOString()
    const { status, json } = await ask('POST', '/run', {
      request_id: 'one',
      body: {},
      ...(limit && { deadline: limit }),
    })
    expect(status).toBe(202)
    action_id = json.action_id
    await sendEvents('early')
    const { status: end, details } = await untilComplete()
    expect((await canceled)?.status ?? 200).toBe(200)
    // Whatever runs has heard of it by the answer.
    if (answered !== undefined) expect(sights.slice(answered).map(({ what }) => what)).not.toContain('tried')
    const isLate = deadline !== undefined && hours > deadline
    const code = (details as { code?: string }).code
    if (end === 'FAILED') expect(code).toBe(canceled && code === 'Canceled' ? 'Canceled' : 'DeadlineExceeded')
    if (end === 'SUCCEEDED' || code === 'DeadlineExceeded') expect(end).toBe(isLate ? 'FAILED' : 'SUCCEEDED')
    if (end === 'SUCCEEDED') expect(details).toEqual({ results: resultsOf(plan, sights) })
    for (const planned of acts) check(planned, sights, startedAt)
    const left = await database.getWork('work', action_id)
    expect([...(left?.steps ?? []), ...(left?.events ?? [])]).toEqual([])
  } finally {
    await Promise.all([...leases, current.then(({ app }) => app.close())])
  }
}
type Clock = ReturnType<typeof createClock>

/** What an event brings. */
const EVENT = { type: 'object', properties: { value: { type: 'string' } }, required: ['value'] } as const

/** After what the work has come to an event is sent. */
const WHEN: Readonly<Record<string, Sight['what']>> = { asked: 'asked', late: 'given' }

function lateOr(error: unknown): string {
  if (error instanceof WaitTimeout) return 'late'
  throw error
}

/** What a wait gives to the work: what was sent, once each, or that nothing came. */
const givenBy = (planned: Planned): unknown[] =>
  timesOut(planned.act) ? ['late'] : sentTo(planned).map((value) => ({ value }))

/** What the work has to give: what each step gave. */
const resultsOf = (plan: Planned[][][], sights: Sight[]) =>
  plan.map((stage) =>
    stage.map((branch) =>
      branch.map((planned) => {
        if (planned.act.kind === 'sleep') return 'slept'
        if (planned.act.kind === 'wait') return givenBy(planned)
        return sights.find((sight) => sight.what === 'given' && sight.key === planned.key)?.result
      }),
    ),
  )

/** A step that is kept is not tried again, gives the same each time, and comes after what is before it. */
function check(planned: Planned, sights: Sight[], startedAt: number): void {
  const { key, act, after, hours } = planned
  if (act.kind === 'sleep') return
  const own = sights.filter((sight) => sight.key === key)
  if (act.kind === 'wait') {
    checkWait(planned, own, startedAt)
    return
  }
  // What is written of a step that fails may be its failures.
  const kept = own.findIndex(({ what }) => what === 'given' || (what === 'durable' && act.failures === 0))
  if (kept !== -1)
    expect(
      own.slice(kept).map(({ what }) => what),
      key,
    ).not.toContain('tried')
  const tries = own.filter(({ what }) => what === 'tried')
  const results = new Set(own.filter(({ what }) => what === 'given').map(({ result }) => result))
  expect(results.size, key).toBeLessThan(2)
  for (const result of results) {
    expect(
      tries.map((tried) => tried.result),
      key,
    ).toContain(result)
  }
  const given = own.findIndex(({ what }) => what === 'given')
  if (given !== -1)
    expect(
      own.slice(0, given).map(({ what }) => what),
      key,
    ).toContain('durable')
  const first = tries[0]
  if (first === undefined) return
  expect(first.at - startedAt, key).toBeGreaterThanOrEqual(hours * HOUR)
  const before = sights.slice(0, sights.indexOf(first))
  for (const earlier of after) {
    expect(
      before.filter(({ what }) => what === 'given').map((sight) => sight.key),
      key,
    ).toContain(earlier)
  }
}

/** A wait gives the same each time, and that nothing came only when its hour is over. */
function checkWait(planned: Planned, own: Sight[], startedAt: number): void {
  const { key, act, hours } = planned
  for (const { at, result } of own.filter(({ what }) => what === 'given')) {
    expect(result, key).toBe(JSON.stringify(givenBy(planned)))
    expect(at - startedAt, key).toBeGreaterThanOrEqual((hours + (timesOut(act) ? 1 : 0)) * HOUR)
  }
}

/** Instances that died: they end in their own time. */
const closing: Promise<unknown>[] = []
let stores: TestStores
beforeAll(async () => {
  stores = (await storesForTest.find(({ name }) => name === 'SQLite')?.start()) as TestStores
})
afterAll(async () => {
  await Promise.all(closing)
  await stores.close()
})

test('whatever its steps, sleeps and events, and wherever its instances die, work is as the model says', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(story, async (given) => {
      const clock = createClock()
      const database = await (await stores.create()).open({ clock, leaseSeconds: LEASE / 1_000 })
      try {
        await live({ ...given, deaths: [...given.deaths] }, database, clock)
      } finally {
        await database.close()
      }
    }),
    { numRuns: 50 },
  )
})

import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ActionProvider,
  type ActionStatus,
  type ActionStore,
  defineActionProvider,
  type RunContext,
} from '../src/index.ts'
import { fakeAuth } from '../src/testing/index.ts'
import { type Death, mortalStore } from './mortal-store.ts'
import { createClock, description } from './serve-work.ts'
import { type Answer, type Served, serveForTest } from './served.ts'
import { storesForTest, type TestStores } from './stores.ts'

/**
 * Random work of steps and sleeps, whose instances die one after the other, beside a model: what each act has to come after,
 * how much time must have passed by then, and how the action ends.
 */

const HOUR = 3_600_000
const LEASE = 15_000

type Act =
  /** Fails so often before it has a result. */
  | { kind: 'step'; name: string; failures: number }
  /** No hours: a sleep in memory. */
  | { kind: 'sleep'; name: string; hours: number }
/** Stages follow each other, the branches of a stage run side by side, the acts of a branch follow each other. */
type Program = Act[][][]

type Story = {
  program: Program
  /** How each instance dies but the last. */
  deaths: Death[]
  /** At which moment cancel is asked for: moments are the tries of steps, and when all sleeps. */
  cancelAt: number | undefined
  /** In hours from the start; half an hour is added, so that it is never a close call. */
  deadline: number | undefined
}

/** An act as the model knows it. */
type Planned = {
  /** The name that it is given, and the one under which it is kept. */
  given: string
  key: string
  act: Act
  /** The steps that are finished before it begins. */
  after: string[]
  /** How many hours have passed by then, at least. */
  hours: number
}

/** What an act came to, in the order in which it came about. */
type Sight = { what: 'tried' | 'durable' | 'given'; key: string; result?: string; at: number }

/** The program with the names that its acts are kept under. */
function planOf(program: Program): { plan: Planned[][][]; hours: number } {
  const counts = new Map<string, number>()
  let before: string[] = []
  let hours = 0
  const plan = program.map((stage) => {
    const alone = stage.length === 1 || stage.every((branch) => branch.length === 1)
    const planned = stage.map((branch, index) => {
      let after = before
      let passed = hours
      return branch.map((act): Planned => {
        const given = alone ? act.name : `${index} ${act.name}`
        const count = (counts.get(given) ?? 0) + 1
        counts.set(given, count)
        const key = count === 1 ? given : `${given}#${count}`
        const one = { given, key, act, after, hours: passed }
        if (act.kind === 'step') after = [...after, key]
        else passed += act.hours
        return one
      })
    })
    before = [...before, ...planned.flat().flatMap(({ key, act }) => (act.kind === 'step' ? key : []))]
    const took = stage.map((branch) => branch.reduce((sum, act) => sum + ('hours' in act ? act.hours : 0), 0))
    hours += Math.max(...took)
    return planned
  })
  return { plan, hours }
}

/** Lives through a story, and checks it against the model. */
async function live({ program, deaths, cancelAt, deadline }: Story, database: ActionStore, clock: Clock) {
  const { plan, hours } = planOf(program)
  const acts = plan.flat(2)
  const sights: Sight[] = []
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
    const perform = async ({ given, key, act }: Planned, { step, sleep }: RunContext<unknown>) => {
      if (isDead()) return died
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
        const results: string[][][] = []
        for (const stage of plan) {
          const branches = stage.map(async (branch) => {
            const given: string[] = []
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
        clock.forward(LEASE + 1)
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

  async function untilComplete(): Promise<ActionStatus> {
    for (const end = performance.now() + 20_000; performance.now() < end; await pause(1)) {
      const action = await database.get('work', action_id)
      if (action?.status === 'SUCCEEDED' || action?.status === 'FAILED') return JSON.parse(action.document)
      expect(clock() - startedAt, 'the time that it takes').toBeLessThan((hours + 1) * HOUR)
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
    expect((await database.getWork('work', action_id))?.steps ?? []).toEqual([])
  } finally {
    await current.then(({ app }) => app.close())
  }
}
type Clock = ReturnType<typeof createClock>

/** What the work has to give: what each step gave. */
const resultsOf = (plan: Planned[][][], sights: Sight[]) =>
  plan.map((stage) =>
    stage.map((branch) =>
      branch.map(({ key, act }) =>
        act.kind === 'sleep'
          ? 'slept'
          : sights.find((sight) => sight.what === 'given' && sight.key === key)?.result,
      ),
    ),
  )

/** A step that is kept is not tried again, gives the same each time, and comes after what is before it. */
function check({ key, act, after, hours }: Planned, sights: Sight[], startedAt: number): void {
  if (act.kind === 'sleep') return
  const own = sights.filter((sight) => sight.key === key)
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

const name = fc.constantFrom('a', 'b')
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('step' as const),
      name,
      failures: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sleep' as const), name, hours: fc.constantFrom(0, 1, 2) }),
  },
)
const branch = fc.array(act, { minLength: 1, maxLength: 3 })
const stage = fc.array(branch, { minLength: 1, maxLength: 3 })
const death = fc.record({ call: fc.integer({ min: 1, max: 8 }), done: fc.boolean() })
const story: fc.Arbitrary<Story> = fc.record({
  program: fc.array(stage, { minLength: 1, maxLength: 4 }),
  deaths: fc.array(death, { maxLength: 4 }),
  cancelAt: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined, freq: 2 }),
  deadline: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 2 }),
})

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

test('whatever its steps and sleeps, and wherever its instances die, work is as the model says', {
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

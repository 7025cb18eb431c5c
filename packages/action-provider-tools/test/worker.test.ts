import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  ActionFailed,
  type ActionProviderOptions,
  type ActionStatus,
  defineActionProvider,
  type RunContext,
  TemporaryFailure,
  type WorkInterrupted,
} from '../src/index.ts'
import { eventually, type Served, serveForTest, untilSettled } from './served.ts'
import { storesForTest, type TestDatabase, type TestStores } from './stores.ts'

const description = { title: 'work', admin_contact: 'support@example.org', synchronous: false }
const input = { type: 'object' } as const
const timing = { tick: 20, poll: 50, keep: 100, sweep: 50, gather: 10 }

/** Resolves, or rejects with its reason, when a signal aborts. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })

for (const { name, start } of storesForTest) {
  describe(`on ${name}`, () => {
    let stores: TestStores
    beforeAll(async () => {
      stores = await start()
    })
    afterAll(() => stores.close())
    const opened: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const close of opened.splice(0).reverse()) await close()
    })

    /** Any of the forms of work. */
    type Definition = Record<string, unknown> & { run?: (context: never) => unknown }

    /** Serves work. `database` is shared with an earlier one to continue with its actions. */
    async function serve(
      work: Definition,
      options: Partial<ActionProviderOptions> & { auth?: Served['auth']; database?: TestDatabase } = {},
    ): Promise<Served & { database: TestDatabase }> {
      const { database = await stores.create(), ...rest } = options
      const store = await database.open()
      const provider = defineActionProvider({ description, input, ...work } as never)
      const served = await serveForTest(provider, { timing, shutdownGrace: 500, ...rest, store } as never)
      opened.push(served.close)
      return { ...served, database }
    }

    let requests = 0
    async function run(
      served: Served,
      more: object = {},
      username = 'alice',
    ): Promise<{ caller: { token: string }; action_id: string; status: ActionStatus }> {
      const caller = served.auth.caller({ username })
      const { json, status } = await served.ask(caller, 'POST', '/p/run', {
        request_id: `${requests++}`,
        body: {},
        ...more,
      })
      expect(status).toBe(202)
      return { caller, action_id: json.action_id, status: json }
    }

    async function until(
      served: Served,
      caller: { token: string },
      action_id: string,
      ready: (status: ActionStatus) => boolean,
    ): Promise<ActionStatus> {
      return eventually(async () => {
        const { json } = await served.ask(caller, 'GET', `/p/${action_id}/status`)
        return ready(json) && json
      })
    }

    const codeOf = (status: ActionStatus): unknown => (status.details as { code: string }).code

    test('returning gives SUCCEEDED with the value as details', async () => {
      const served = await serve({ run: async ({ input }: RunContext<unknown>) => ({ got: input }) })
      const { caller, action_id, status } = await run(served, { body: { x: 1 } })
      expect(status).toMatchObject({ status: 'ACTIVE', details: {} })
      expect(await untilSettled(served, caller, action_id)).toMatchObject({
        status: 'SUCCEEDED',
        display_status: 'SUCCEEDED',
        details: { got: { x: 1 } },
        completion_time: expect.any(String),
      })
    })

    test('ActionFailed gives FAILED with its details; any other error reveals nothing', async () => {
      const served = await serve({
        run: async ({ input }: RunContext<{ how: string }>) => {
          if (input.how === 'known')
            throw new ActionFailed({ code: 'QuotaExceeded', description: 'Full', quota: 1 })
          if (input.how === 'details') return 7 as never
          throw new Error('password is hunter2')
        },
      })
      const known = await run(served, { body: { how: 'known' } })
      expect(await untilSettled(served, known.caller, known.action_id)).toMatchObject({
        status: 'FAILED',
        details: { code: 'QuotaExceeded', description: 'Full', quota: 1 },
      })
      for (const how of ['unknown', 'details']) {
        const unknown = await run(served, { body: { how } })
        const failed = await untilSettled(served, unknown.caller, unknown.action_id)
        expect(failed).toMatchObject({ status: 'FAILED', details: { code: 'ActionProviderError' } })
        expect(JSON.stringify(failed)).not.toContain('hunter2')
      }
    })

    test('temporary failures are tried again, up to the limit', async () => {
      const attempts: number[] = []
      const served = await serve({
        retry: { limit: 3, backoff: 10 },
        run: async ({ attempt, input }: RunContext<{ never?: boolean }>) => {
          attempts.push(attempt)
          if (attempt < 3 || input.never) throw new TemporaryFailure('Not yet')
          return { attempt }
        },
      })
      const passing = await run(served)
      expect(await untilSettled(served, passing.caller, passing.action_id)).toMatchObject({
        status: 'SUCCEEDED',
        details: { attempt: 3 },
      })
      const lasting = await run(served, { body: { never: true } })
      expect(codeOf(await untilSettled(served, lasting.caller, lasting.action_id))).toBe('TemporaryFailure')
      expect(attempts).toEqual([1, 2, 3, 1, 2, 3])
    })

    test('progress shows in status and log entries in log, in order, whatever their number', async () => {
      const said = Promise.withResolvers<void>()
      const served = await serve({
        run: async ({ progress, log, signal }: RunContext<unknown>) => {
          for (let step = 1; step <= 2_000; step++) {
            progress({ step }, `Step ${step}`)
            log('Step', `${step}`, { step })
          }
          said.resolve()
          return aborted(signal)
        },
      })
      const { caller, action_id } = await run(served)
      await said.promise
      const status = await until(
        served,
        caller,
        action_id,
        ({ display_status }) => display_status !== 'ACTIVE',
      )
      expect(status).toMatchObject({
        status: 'ACTIVE',
        details: { step: 2_000 },
        display_status: 'Step 2000',
      })
      const { json } = await served.ask(caller, 'GET', `/p/${action_id}/log?limit=1000`)
      expect(json.has_next_page).toBe(true)
      const rest = await served.ask(caller, 'GET', `/p/${action_id}/log?limit=1000&marker=${json.marker}`)
      const steps = [...json.entries, ...rest.json.entries].map((entry) => entry.details.step)
      expect(steps).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1))
    })

    test('cancel aborts the signal with its reason; the action ends when the work has stopped', async () => {
      const reasons: string[] = []
      const working = Promise.withResolvers<void>()
      const stopped = Promise.withResolvers<void>()
      const served = await serve({
        run: async ({ signal }: RunContext<unknown>) => {
          working.resolve()
          await aborted(signal).catch((reason: WorkInterrupted) => reasons.push(reason.reason))
          await stopped.promise
          signal.throwIfAborted()
        },
      })
      const { caller, action_id } = await run(served)
      await working.promise
      const { json } = await served.ask(caller, 'POST', `/p/${action_id}/cancel`)
      expect(json).toMatchObject({ status: 'ACTIVE', display_status: 'Canceling for alice' })
      stopped.resolve()
      expect(await untilSettled(served, caller, action_id)).toMatchObject({
        status: 'FAILED',
        details: { code: 'Canceled' },
        display_status: 'Canceled by alice',
      })
      expect(reasons).toEqual(['canceled'])
    })

    test('a late return of canceled work changes nothing, and work that ignores it ends after its grace', async () => {
      const late = Promise.withResolvers<void>()
      const working = Promise.withResolvers<void>()
      const served = await serve({
        cancelGrace: 50,
        run: () => {
          working.resolve()
          return late.promise.then(() => ({ late: true }))
        },
      })
      const { caller, action_id } = await run(served)
      await working.promise
      await served.ask(caller, 'POST', `/p/${action_id}/cancel`)
      const canceled = await untilSettled(served, caller, action_id)
      expect(codeOf(canceled)).toBe('Canceled')
      late.resolve()
      const next = await run(served)
      await untilSettled(served, next.caller, next.action_id)
      expect((await served.ask(caller, 'GET', `/p/${action_id}/status`)).json).toEqual(canceled)
    })

    /** A clock that can be put forward. */
    const createClock = (): { (): number; forward: (milliseconds: number) => void } => {
      let offset = 0
      return Object.assign(() => Date.now() + offset, {
        forward: (milliseconds: number) => {
          offset += milliseconds
        },
      })
    }
    const HOUR = 3_600_000
    const inAnHour = (): string => new Date(Date.now() + HOUR).toISOString()

    test('at its deadline the signal aborts and the action is FAILED, though the work goes on', async () => {
      const reasons: string[] = []
      const clock = createClock()
      const working = Promise.withResolvers<void>()
      const served = await serve(
        {
          run: async ({ signal }: RunContext<unknown>) => {
            working.resolve()
            await aborted(signal).catch((reason: WorkInterrupted) => reasons.push(reason.reason))
            await new Promise(() => {})
          },
        },
        { clock },
      )
      const { caller, action_id } = await run(served, { deadline: inAnHour() })
      await working.promise
      clock.forward(2 * HOUR)
      expect(codeOf(await untilSettled(served, caller, action_id))).toBe('DeadlineExceeded')
      expect(reasons).toEqual(['deadline'])
    })

    test('a deadline that passes while no instance is up is seen by the next one', async () => {
      const first = await serve({ run: async ({ signal }: RunContext<unknown>) => aborted(signal) })
      const { caller, action_id } = await run(first, { deadline: inAnHour() })
      await first.close()
      let runs = 0
      const clock = createClock()
      clock.forward(2 * HOUR)
      const second = await serve(
        { run: async () => void runs++ },
        { database: first.database, auth: first.auth, clock },
      )
      expect(codeOf(await untilSettled(second, caller, action_id))).toBe('DeadlineExceeded')
      expect(runs).toBe(0)
    })

    test('pause makes it INACTIVE until a manager resumes it', async () => {
      const served = await serve({
        run: async ({ attempt, pause }: RunContext<unknown>) => {
          if (attempt === 1)
            pause({ code: 'NeedsApproval', description: 'Approve', resolution_url: 'https://example.org' })
          return { attempt }
        },
      })
      const bob = served.auth.caller({ username: 'bob' })
      const { caller, action_id } = await run(served, { manage_by: [bob.urn], monitor_by: [bob.urn] })
      expect(await until(served, caller, action_id, ({ status }) => status === 'INACTIVE')).toMatchObject({
        details: { code: 'NeedsApproval', resolution_url: 'https://example.org' },
      })
      expect((await served.ask(bob, 'POST', `/p/${action_id}/resume`)).json.status).toBe('ACTIVE')
      expect(await untilSettled(served, caller, action_id)).toMatchObject({ details: { attempt: 2 } })
    })

    test('a missing consent makes it INACTIVE with required_scope; after consent, resume carries on', async () => {
      const served = await serve({
        run: async ({ dependentToken }: RunContext<unknown>) => ({
          token: await dependentToken('urn:other'),
        }),
      })
      const { caller, action_id } = await run(served)
      const inactive = await until(served, caller, action_id, ({ status }) => status === 'INACTIVE')
      expect(inactive.details).toMatchObject({
        code: 'ConsentRequired',
        required_scope: `${served.auth.scope}[urn:other]`,
      })
      const again = served.auth.caller({ username: 'alice', consents: ['urn:other'] })
      expect((await served.ask(again, 'POST', `/p/${action_id}/resume`)).status).toBe(200)
      expect(await untilSettled(served, caller, action_id)).toMatchObject({
        status: 'SUCCEEDED',
        details: { token: expect.stringContaining('fake-dependent-token') },
      })
      expect(await served.store.getSecret('work', action_id)).toBeUndefined()
    })

    test('work in another system is started once, polled, and told to stop', async () => {
      const system = { started: 0, polls: 0, canceled: [] as unknown[] }
      const served = await serve({
        start: async () => ({ job: ++system.started }),
        poll: async ({ handle, input }: RunContext<{ endless?: boolean }> & { handle: { job: number } }) => {
          system.polls++
          return system.polls < 3 || input.endless ? { progress: { polls: system.polls } } : { done: handle }
        },
        cancel: async ({ handle }: { handle: unknown }) => void system.canceled.push(handle),
        pollInterval: 20,
      })
      const first = await run(served)
      // Nobody asks: the polls in the background finish it.
      await eventually(async () => (await served.store.get('work', first.action_id))?.status === 'SUCCEEDED')
      expect(await untilSettled(served, first.caller, first.action_id)).toMatchObject({ details: { job: 1 } })
      const endless = await run(served, { body: { endless: true } })
      await until(served, endless.caller, endless.action_id, ({ details }) => 'polls' in (details as object))
      await served.ask(endless.caller, 'POST', `/p/${endless.action_id}/cancel`)
      expect(codeOf(await untilSettled(served, endless.caller, endless.action_id))).toBe('Canceled')
      expect(system).toMatchObject({ started: 2, canceled: [{ job: 2 }] })
    })

    test('status asks the other system no more often than the poll interval', async () => {
      let polls = 0
      const served = await serve({
        start: async () => 'handle',
        poll: async () => ({ progress: { polls: ++polls } }),
        pollInterval: 60_000,
      })
      const { caller, action_id } = await run(served)
      await eventually(async () => (await served.store.get('work', action_id))?.attempt === 1)
      for (let times = 0; times < 50; times++) await served.ask(caller, 'GET', `/p/${action_id}/status`)
      expect(polls).toBe(0)
    })

    test('no more actions run at once than the concurrency allows, and all of them run', async () => {
      let running = 0
      let most = 0
      const full = Promise.withResolvers<void>()
      const served = await serve({
        concurrency: 4,
        run: async () => {
          most = Math.max(most, ++running)
          if (running === 4) full.resolve()
          await full.promise
          await new Promise((resolve) => setImmediate(resolve))
          running--
        },
      })
      const begun = await Promise.all(Array.from({ length: 40 }, () => run(served)))
      for (const { caller, action_id } of begun) await untilSettled(served, caller, action_id)
      expect(most).toBe(4)
    })

    test('stopping hands work back; the next instance runs it again and says so', async () => {
      const reasons: string[] = []
      const first = await serve({
        run: async ({ signal, progress }: RunContext<unknown>) => {
          progress({ half: true })
          return aborted(signal).catch((reason: WorkInterrupted) => {
            reasons.push(reason.reason)
            throw reason
          })
        },
      })
      const { caller, action_id } = await run(first)
      await until(first, caller, action_id, ({ details }) => 'half' in (details as object))
      await first.close()
      expect(reasons).toEqual(['shutdown'])
      const second = await serve(
        { run: async ({ attempt }: RunContext<unknown>) => ({ attempt }) },
        { database: first.database, auth: first.auth },
      )
      expect(await untilSettled(second, caller, action_id)).toMatchObject({ details: { attempt: 2 } })
    })

    test('work that may not run twice is let finish at shutdown, else it is FAILED with Interrupted', async () => {
      const finish = Promise.withResolvers<void>()
      let runs = 0
      const work = {
        restartable: false,
        run: async ({ input, signal }: RunContext<{ endless?: boolean }>) => {
          runs++
          await (input.endless ? aborted(signal) : finish.promise)
        },
      }
      const first = await serve(work)
      const quick = await run(first)
      const endless = await run(first, { body: { endless: true } })
      await eventually(() => runs === 2)
      const closing = first.close()
      finish.resolve()
      await closing
      const second = await serve(work, { database: first.database, auth: first.auth })
      expect((await untilSettled(second, quick.caller, quick.action_id)).status).toBe('SUCCEEDED')
      expect(codeOf(await untilSettled(second, endless.caller, endless.action_id))).toBe('Interrupted')
      expect(runs).toBe(2)
    })

    test('work is let finish within the grace period, and hears nothing of the stop', async () => {
      const working = Promise.withResolvers<void>()
      const finish = Promise.withResolvers<void>()
      const runs: unknown[] = []
      const served = await serve(
        {
          run: async ({ attempt, signal }: RunContext<unknown>) => {
            working.resolve()
            await Promise.race([finish.promise, aborted(signal)]).catch(({ reason }) => runs.push(reason))
            runs.push(attempt)
          },
        },
        { shutdownGrace: 20_000 },
      )
      const { action_id } = await run(served)
      await working.promise
      const closing = served.close()
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
      finish.resolve()
      await closing
      expect(runs).toEqual([1])
      const store = await served.database.open()
      opened.push(() => store.close())
      expect(await store.get('work', action_id)).toMatchObject({ status: 'SUCCEEDED', attempt: 1 })
    })

    test('a job that is taken anew ends the attempt that lives here, and begins another', async () => {
      const reasons: string[] = []
      const served = await serve({
        cancelGrace: 50,
        run: async ({ attempt, signal, input }: RunContext<{ deaf?: boolean }>) => {
          if (attempt === 1) {
            const stopped = aborted(signal).catch(({ reason }: WorkInterrupted) => reasons.push(reason))
            await (input.deaf ? new Promise(() => {}) : stopped)
            signal.throwIfAborted()
          }
          return { attempt }
        },
      })
      for (const deaf of [false, true]) {
        const { caller, action_id } = await run(served, { body: { deaf } })
        await eventually(async () => (await served.store.get('work', action_id))?.attempt === 1)
        // Another instance took the job and is gone: this one, which knows nothing of it, gets it again.
        await served.store.transition('work', action_id, () => ({ job: { due_at: served.store.now() } }))
        expect(await untilSettled(served, caller, action_id)).toMatchObject({
          status: 'SUCCEEDED',
          details: { attempt: 2 },
        })
      }
      expect(reasons).toEqual(['lost', 'lost'])
    })

    test('an action is gone at completion_time + release_after', async () => {
      const served = await serve({ run: async () => ({}) })
      const { caller, action_id } = await run(served, { release_after: 1 })
      expect(await untilSettled(served, caller, action_id)).toMatchObject({ release_after: 'PT1S' })
      await eventually(async () => (await served.ask(caller, 'GET', `/p/${action_id}/status`)).status === 404)
      await eventually(async () => (await served.store.count('work')).actions.SUCCEEDED === 0)
    })

    test('a synchronous provider whose work takes its time answers when it has ended, once for all who ask', async () => {
      const go = Promise.withResolvers<void>()
      let runs = 0
      const served = await serve({
        description: { ...description, synchronous: true },
        run: async () => {
          runs++
          await go.promise
          return { runs }
        },
      })
      const caller = served.auth.caller({ username: 'alice' })
      const answers = Promise.all(
        Array.from({ length: 5 }, () =>
          served.ask(caller, 'POST', '/p/run', { request_id: 'slow', body: {} }),
        ),
      )
      await eventually(() => runs === 1)
      go.resolve()
      for (const { json } of await answers)
        expect(json).toMatchObject({ status: 'SUCCEEDED', details: { runs: 1 } })
    })

    test('a function that returns a promise runs once, also where it was not declared async', async () => {
      let runs = 0
      const served = await serve({
        description: { ...description, synchronous: true },
        run: () => Promise.resolve({ runs: ++runs }),
      })
      const { status } = await run(served)
      expect(status).toMatchObject({ status: 'SUCCEEDED', details: { runs: 1 } })
      expect((await run(served)).status).toMatchObject({ details: { runs: 2 } })
    })

    test('such a function gets its tokens also where another instance carries on', async () => {
      const began = Promise.withResolvers<void>()
      const work = {
        description: { ...description, synchronous: true },
        run({ attempt, signal, dependentToken }: RunContext<unknown>) {
          if (attempt > 1) return dependentToken('urn:other').then((token) => ({ token }))
          began.resolve()
          return aborted(signal)
        },
      }
      const first = await serve(work)
      const caller = first.auth.caller({ username: 'alice', consents: ['urn:other'] })
      const answer = first
        .ask(caller, 'POST', '/p/run', { request_id: 'handed over', body: {} })
        .catch(() => undefined)
      await began.promise
      await first.close()
      await answer
      const { auth, database } = first
      const second = await serve(work, { auth, database })
      const { json } = await second.ask(caller, 'GET', '/p/actions?status=active,succeeded')
      expect(await untilSettled(second, caller, json[0].action_id)).toMatchObject({
        status: 'SUCCEEDED',
        details: { token: expect.stringContaining('fake-dependent-token') },
      })
    })
  })
}

import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { RunContext, WorkInterrupted } from '../src/index.ts'
import { aborted, codeOf, createClock, describeWork, run, untilStatus } from './serve-work.ts'
import { untilSettled } from './served.ts'

const HOUR = 3_600_000
const inAnHour = (): string => new Date(Date.now() + HOUR).toISOString()

describeWork('work that is interrupted', ({ serve }) => {
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
    await untilStatus(first, caller, action_id, ({ details }) => 'half' in (details as object))
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
    onTestFinished(() => store.close())
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
})

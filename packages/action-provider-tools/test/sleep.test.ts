import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { RunContext } from '../src/index.ts'
import type { StoredAction } from '../src/store/action-store.ts'
import { codeOf, createClock, describeWork, run } from './serve-work.ts'
import { type Served, untilSettled } from './served.ts'

type Context = RunContext<unknown>
const DAY = 24 * 3_600_000

describeWork('sleep', (server) => {
  /** Work that sleeps for ten days between two steps, and tells what it did. */
  const sleeper = (done: string[]) => ({
    concurrency: 1,
    run: async ({ step, sleep, attempt, signal }: Context) => {
      await step('before', () => void done.push('before'))
      // Work that has ended may still be told that its job is gone.
      let slept = false
      signal.addEventListener('abort', () => slept || done.push(signal.reason.reason))
      await sleep('ten days', 'P10D')
      slept = true
      await step('after', () => void done.push('after'))
      return { attempt }
    },
  })
  const untilAsleep = (served: Served, action_id: string): Promise<StoredAction> =>
    eventually(async () => {
      const action = await served.store.get('work', action_id)
      return action?.report !== 0 && action?.runs_on === undefined && action
    })

  test('a long one frees the place; when it is due, the work goes on as the same attempt', async () => {
    const done: string[] = []
    const clock = createClock()
    const served = await server.serve(sleeper(done), { clock })
    const one = await run(served)
    await untilAsleep(served, one.action_id)
    // There is place for one alone.
    const two = await run(served)
    await untilAsleep(served, two.action_id)
    expect(done).toEqual(['before', 'suspended', 'before', 'suspended'])
    clock.forward(9 * DAY)
    expect((await served.ask(one.caller, 'GET', `/p/${one.action_id}/status`)).json.status).toBe('ACTIVE')
    clock.forward(1.1 * DAY)
    for (const { caller, action_id } of [one, two]) {
      expect(await untilSettled(served, caller, action_id)).toMatchObject({
        status: 'SUCCEEDED',
        details: { attempt: 1 },
      })
    }
    expect(done.slice(4)).toEqual(['after', 'after'])
  })

  test('cancel ends a sleeping action at once', async () => {
    const served = await server.serve(sleeper([]))
    const { caller, action_id } = await run(served)
    await untilAsleep(served, action_id)
    const { json } = await served.ask(caller, 'POST', `/p/${action_id}/cancel`)
    expect(json).toMatchObject({ status: 'FAILED', details: { code: 'Canceled' } })
  })

  test('a deadline ends a sleeping action', async () => {
    const clock = createClock()
    const served = await server.serve(sleeper([]), { clock })
    const deadline = new Date(Date.now() + DAY).toISOString()
    const { caller, action_id } = await run(served, { deadline })
    await untilAsleep(served, action_id)
    clock.forward(2 * DAY)
    expect(codeOf(await untilSettled(served, caller, action_id))).toBe('DeadlineExceeded')
  })

  test('a short one stays in memory, and ends early with what ends the work', async () => {
    const began = Promise.withResolvers<void>()
    const reasons: string[] = []
    const served = await server.serve({
      run: async ({ sleep, step, signal }: Context) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason.reason))
        await sleep('shorter', 1)
        await step('step', () => began.resolve())
        await sleep('short', { seconds: 4.9 })
      },
    })
    const { caller, action_id } = await run(served)
    await began.promise
    await served.ask(caller, 'POST', `/p/${action_id}/cancel`)
    expect(codeOf(await untilSettled(served, caller, action_id))).toBe('Canceled')
    expect(reasons).toEqual(['canceled'])
  })

  test('how long is left is known after a restart', async () => {
    const done: string[] = []
    const clock = createClock()
    const first = await server.serve(sleeper(done), { clock })
    const { action_id } = await run(first)
    await untilAsleep(first, action_id)
    await first.close()
    clock.forward(10.1 * DAY)
    const second = await server.serve(sleeper(done), { database: first.database, clock })
    const caller = second.auth.caller({ username: 'alice' })
    expect(await untilSettled(second, caller, action_id)).toMatchObject({ status: 'SUCCEEDED' })
    expect(done).toEqual(['before', 'suspended', 'after'])
  })

  test('an instance that stops while work sleeps in memory leaves it to the next, work that may not run twice too', async () => {
    const clock = createClock()
    const began = Promise.withResolvers<void>()
    const work = {
      restartable: false,
      run: async ({ sleep, step, attempt }: Context) => {
        await step('step', () => began.resolve())
        await sleep('short', { seconds: 4.9 })
        return { attempt }
      },
    }
    const first = await server.serve(work, { clock })
    const { action_id } = await run(first)
    await began.promise
    await eventually(async () => (await first.store.getWork('work', action_id))?.steps.length === 2)
    await first.close()
    clock.forward(5_000)
    const second = await server.serve(work, { database: first.database, clock })
    const caller = second.auth.caller({ username: 'alice' })
    expect(await untilSettled(second, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { attempt: 1 },
    })
  })

  test('beside a step that is in hand the work goes on, and is suspended when that has ended', async () => {
    const done: string[] = []
    const clock = createClock()
    const over = Promise.withResolvers<void>()
    const served = await server.serve(
      {
        run: async ({ sleep, step }: Context) => {
          await Promise.all([
            sleep('long', { days: 1 }).then(() => done.push('woke')),
            step('slow', () => over.promise).then(() => step('next', () => void done.push('next'))),
          ])
        },
      },
      { clock },
    )
    const { caller, action_id } = await run(served)
    await eventually(async () => (await served.store.getWork('work', action_id))?.steps.length === 1)
    expect((await served.store.get('work', action_id))?.runs_on).toBeDefined()
    over.resolve()
    await untilAsleep(served, action_id)
    expect(done).toEqual(['next'])
    clock.forward(2 * DAY)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({ status: 'SUCCEEDED' })
    expect(done).toEqual(['next', 'woke'])
  })

  test('a clock that is put forward wakes work that sleeps in memory', async () => {
    const clock = createClock()
    const over = Promise.withResolvers<void>()
    const served = await server.serve(
      {
        run: async ({ sleep, step }: Context) => {
          await Promise.all([sleep('long', 'P1D').then(over.resolve), step('slow', () => over.promise)])
        },
      },
      { clock },
    )
    const { caller, action_id } = await run(served)
    await eventually(async () => (await served.store.getWork('work', action_id))?.steps.length === 1)
    clock.forward(2 * DAY)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({ status: 'SUCCEEDED' })
  })
})

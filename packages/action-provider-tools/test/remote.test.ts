import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type RunContext, TemporaryFailure } from '../src/index.ts'
import { codeOf, createClock, describeWork, start, untilStatus } from './serve-work.ts'
import { untilSettled } from './served.ts'

const HOUR = 3_600_000

describeWork('work in another system', ({ serve }) => {
  type WithHandle = RunContext<unknown> & { handle: { job: number } }

  /** A system that counts what is begun and stopped in it, and what its polls do. */
  function createSystem(poll: (context: WithHandle) => unknown) {
    const stopped: number[] = []
    let started = 0
    return {
      stopped,
      get started() {
        return started
      },
      work: {
        start: async () => ({ job: ++started }),
        poll: async (context: WithHandle) => poll(context),
        cancel: async ({ handle }: WithHandle) => void stopped.push(handle.job),
        pollInterval: 20,
      },
    }
  }

  const pausing = () =>
    createSystem(({ handle, pause, resumed_by }) =>
      resumed_by ? { done: handle } : pause({ code: 'NeedsApproval', description: 'Approve' }),
    )

  test('is not begun once more when its action is resumed, by whomever', async () => {
    const system = pausing()
    const served = await serve(system.work)
    const alice = served.auth.caller({ username: 'alice' })
    const bob = served.auth.caller({ username: 'bob' })
    for (const [number, caller] of [alice, bob].entries()) {
      const { action_id } = await start(served, alice, { manage_by: [bob.urn] })
      await untilStatus(served, alice, action_id, ({ status }) => status !== 'ACTIVE')
      await served.ask(caller, 'POST', `/p/${action_id}/resume`)
      expect(await untilSettled(served, alice, action_id)).toMatchObject({ status: 'SUCCEEDED' })
      expect(system.started).toBe(number + 1)
    }
  })

  test('is told to stop when its action is canceled while INACTIVE', async () => {
    const system = pausing()
    const served = await serve(system.work)
    const alice = served.auth.caller({ username: 'alice' })
    const { action_id } = await start(served, alice)
    await untilStatus(served, alice, action_id, ({ status }) => status === 'INACTIVE')
    const { json } = await served.ask(alice, 'POST', `/p/${action_id}/cancel`)
    expect(json).toMatchObject({ status: 'ACTIVE', display_status: 'Canceling for alice' })
    expect(await untilSettled(served, alice, action_id)).toMatchObject({
      status: 'FAILED',
      details: { code: 'Canceled' },
      display_status: 'Canceled by alice',
    })
    expect(system.stopped).toEqual([1])
  })

  test.each(['INACTIVE', 'ACTIVE'])('is told to stop when its deadline passes while %s', async (state) => {
    const system = state === 'INACTIVE' ? pausing() : createSystem(() => ({ progress: { polled: true } }))
    const clock = createClock()
    // Nobody is about to ask the other system when the deadline passes.
    const pollInterval = state === 'ACTIVE' ? 10 * HOUR : 20
    const served = await serve({ ...system.work, pollInterval }, { clock })
    const alice = served.auth.caller({ username: 'alice' })
    const deadline = new Date(Date.now() + HOUR).toISOString()
    const { action_id } = await start(served, alice, { deadline })
    if (state === 'INACTIVE') await untilStatus(served, alice, action_id, ({ status }) => status === state)
    else await eventually(async () => (await served.store.get('work', action_id))?.attempt === 1)
    await eventually(async () => (await served.store.get('work', action_id))?.runs_on === undefined)
    clock.forward(HOUR)
    const ended = await untilStatus(served, alice, action_id, ({ status }) => status === 'FAILED')
    expect(codeOf(ended)).toBe('DeadlineExceeded')
    expect(system.stopped).toEqual([1])
  })

  test('is told to stop when it is canceled during a poll, with a signal that lets it be told', async () => {
    const polling = Promise.withResolvers<void>()
    const signals: boolean[] = []
    const system = createSystem(({ signal }) => {
      polling.resolve()
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    })
    const cancel = async (context: WithHandle): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve))
      signals.push(context.signal.aborted)
      await system.work.cancel(context)
    }
    const served = await serve({ ...system.work, cancel, cancelGrace: 100 })
    const alice = served.auth.caller({ username: 'alice' })
    const { action_id } = await start(served, alice)
    await polling.promise
    await served.ask(alice, 'POST', `/p/${action_id}/cancel`)
    expect(codeOf(await untilSettled(served, alice, action_id))).toBe('Canceled')
    expect([system.stopped, signals]).toEqual([[1], [false]])
  })

  test('is told again where it could not be told for a passing reason, also beyond the time canceled work has', async () => {
    let times = 0
    const system = createSystem(() => ({ progress: {} }))
    const cancel = async (context: WithHandle): Promise<void> => {
      if (++times < 3) throw new TemporaryFailure('The cluster is busy')
      await system.work.cancel(context)
    }
    const served = await serve({ ...system.work, cancel, cancelGrace: 50, retry: { backoff: 100 } })
    const alice = served.auth.caller({ username: 'alice' })
    const { action_id } = await start(served, alice)
    await untilStatus(served, alice, action_id, () => system.started === 1)
    await served.ask(alice, 'POST', `/p/${action_id}/cancel`)
    expect(codeOf(await untilSettled(served, alice, action_id))).toBe('Canceled')
    expect([system.stopped, times]).toEqual([[1], 3])
  })

  test('ends all the same where it cannot be told at all, which the log tells', async () => {
    const system = createSystem(() => ({ progress: {} }))
    const cancel = async (): Promise<void> => {
      throw new Error('No such job')
    }
    const served = await serve({ ...system.work, cancel })
    const alice = served.auth.caller({ username: 'alice' })
    const { action_id } = await start(served, alice)
    await untilStatus(served, alice, action_id, () => system.started === 1)
    await served.ask(alice, 'POST', `/p/${action_id}/cancel`)
    expect(codeOf(await untilSettled(served, alice, action_id))).toBe('Canceled')
  })

  test('may fail to be asked as often as it likes, as long as it answers in between', async () => {
    let polls = 0
    const system = createSystem(({ handle }) => {
      if (++polls % 2 === 1) throw new TemporaryFailure('Busy')
      return polls < 12 ? { progress: { polls } } : { done: handle }
    })
    const served = await serve({ ...system.work, retry: { limit: 2, backoff: 10 } })
    const alice = served.auth.caller({ username: 'alice' })
    const { action_id } = await start(served, alice)
    expect(await untilSettled(served, alice, action_id)).toMatchObject({ status: 'SUCCEEDED' })
  })
})

import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import {
  ActionNotFound,
  defineActionProvider,
  type RunContext,
  StepMismatch,
  WaitTimeout,
} from '../src/index.ts'
import { clock, type RecordedAction, record, replay } from '../src/testing/index.ts'
import { describeWork, description, run, type ServedWork } from './serve-work.ts'

type Context = RunContext<unknown>
type Run = (context: Context) => unknown

const providerOf = (work: Run) =>
  defineActionProvider({ description, input: { type: 'object' }, run: work as () => Record<string, unknown> })

describeWork('replay', (server) => {
  const done: string[] = []
  /** On a machine that is busy, work may take longer than the clock waits for it. */
  const untilIdle = ({ store }: ServedWork, id: string): Promise<boolean> =>
    eventually(async () => {
      const action = await store.get('work', id)
      return action !== undefined && action.lease > 0 && action.runs_on === undefined
    })
  const before: Run = async ({ step, sleep, input }) => {
    const job = await step('submit', () => ({ id: (input as { id: number }).id }))
    await step('poll', () => 'not yet')
    await sleep('a day', { days: 1 })
    await step('poll', () => 'done')
    return job
  }
  /** What is known of an action under `work` when so much time has passed. */
  const recorded = async (work: Run, days = 0): Promise<RecordedAction> => {
    const time = clock()
    const served = await server.serve({ run: work }, { clock: time })
    const { action_id } = await run(served, { body: { id: 7 } })
    await untilIdle(served, action_id)
    await time.forward({ days })
    const from = { provider: providerOf(work), store: served.store, auth: served.auth }
    return JSON.parse(JSON.stringify(await record(from, action_id)))
  }

  test('of the same work stands where the action does, and does no step', async () => {
    const action = await recorded(before)
    expect(action).toMatchObject({ request: { body: { id: 7 } }, steps: { submit: { result: { id: 7 } } } })
    done.length = 0
    const again: Run = async ({ step, ...context }) =>
      before({ ...context, step: (name) => step(name, () => void done.push(name) as never) })
    expect(await replay(providerOf(again), action)).toEqual({ ended: false, next: ['poll#2'] })
    expect(done).toEqual([])
  })

  test('of work that has more or fewer steps after them ends, or stands at the first further one', async () => {
    const action = await recorded(before)
    const shorter: Run = async ({ step, sleep }) => {
      const job = await step('submit', () => 0)
      await step('poll', () => 0)
      await sleep('a day', 0)
      return { job }
    }
    expect(await replay(providerOf(shorter), action)).toEqual({ ended: true, result: { job: { id: 7 } } })
    const longer: Run = async (context) => {
      await shorter(context)
      return context.step('report', () => 0)
    }
    expect(await replay(providerOf(longer), action)).toEqual({ ended: false, next: ['report'] })
  })

  test('fails where a name no longer fits', async () => {
    const action = await recorded(before)
    const renamed: Run = async ({ step, ...context }) =>
      before({ ...context, step: (name, act) => step(name === 'poll' ? 'look' : name, act) })
    await expect(replay(providerOf(renamed), action)).rejects.toThrow(
      "The work asks for 'look', which is not recorded, without having asked for 'a day', 'poll', which is",
    )
    const left: Run = async ({ step }) => step('submit', () => 0)
    await expect(replay(providerOf(left), action)).rejects.toThrow("without having asked for 'a day', 'poll'")
    const otherKind: Run = async ({ sleep, ...context }) =>
      before({ ...context, sleep, step: async (name) => sleep(name, 1) as never })
    await expect(replay(providerOf(otherKind), action)).rejects.toThrow(StepMismatch)
  })

  test('tries again what has failed, and waits for steps side by side', async () => {
    const fails = (): never => {
      throw new Error('not yet')
    }
    const work: Run = async ({ step, sleep }) =>
      Promise.all([
        step('flaky', fails, { retry: { backoff: { days: 1 } } }),
        sleep('a day', { days: 2 }).then(() => step('after', () => 0)),
      ])
    const action = await recorded(work)
    expect(Object.keys(action.steps).sort()).toEqual(['a day', 'flaky'])
    expect(await replay(providerOf(work), action)).toEqual({ ended: false, next: ['flaky', 'after'] })
  })

  test('gives events that came, throws where none came in time, and stands where one is awaited', async () => {
    const schema = { type: 'object', properties: { at: { type: 'string' } } } as const
    const answers: unknown[] = []
    const work: Run = async ({ waitFor, step }) => {
      answers.push(await waitFor('go', { schema }))
      const late = await waitFor('go', { schema, timeout: { hours: 1 } }).catch((error: unknown) => error)
      answers.push(late instanceof WaitTimeout)
      await step('note', () => 0)
      return { done: await waitFor('done', { schema }) }
    }
    const time = clock()
    const served = await server.serve({ run: work }, { clock: time })
    const { caller, action_id } = await run(served)
    /** What is known once the work stands at the last of so many names. */
    const recordAt = async (names: number): Promise<RecordedAction> => {
      const isThere = async (): Promise<boolean> =>
        (await served.store.getWork('work', action_id))?.steps.length === names
      await eventually(isThere)
      await untilIdle(served, action_id)
      const from = { provider: providerOf(work), store: served.store, auth: served.auth }
      return JSON.parse(JSON.stringify(await record(from, action_id)))
    }
    expect(await replay(providerOf(work), await recordAt(1))).toEqual({ ended: false, next: ['go'] })
    expect(answers).toEqual([])
    const sent = await served.ask(caller, 'POST', `/p/actions/${action_id}/events/go`, '{"at":"noon"}')
    expect(sent.status).toBe(200)
    expect(await replay(providerOf(work), await recordAt(2))).toEqual({ ended: false, next: ['go#2'] })
    await time.forward({ hours: 2 })
    answers.length = 0
    const action = await recordAt(4)
    expect(action.steps).toMatchObject({ go: { value: { at: 'noon' } }, 'go#2': { kind: 'timeout' } })
    expect(await replay(providerOf(work), action)).toEqual({ ended: false, next: ['done'] })
    expect(answers).toEqual([{ at: 'noon' }, true])
    const asStep: Run = async ({ step, ...context }) =>
      work({ ...context, step, waitFor: (event) => step(event, () => 0) as never })
    await expect(replay(providerOf(asStep), action)).rejects.toThrow(StepMismatch)
  })

  test('throws what the work throws, and has no record of a complete action', async () => {
    const action = await recorded(before)
    const broken: Run = async ({ step }) => {
      throw new Error(`broken: ${JSON.stringify(await step('submit', () => 0))}`)
    }
    await expect(replay(providerOf(broken), action)).rejects.toThrow('broken: {"id":7}')
    await expect(recorded(before, 2)).rejects.toThrow(ActionNotFound)
  })
})

import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Change, EventTakenBack, SealedEvent, SealedStep } from '../action/action.ts'
import type { StoredAction, StoredWork } from '../store/action-store.ts'
import { documentOf, done, MINUTE, newAction, pick } from './actions.ts'
import type { Suite } from './suite.ts'

/** The steps of an action's work, and the events that it got. */
export function describeSteps(suite: Suite): void {
  const { atOnce, creation } = suite
  const change = (
    { provider, action_id }: StoredAction,
    what: Change,
    hold?: { instance: string; lease: number },
  ): Promise<StoredAction | undefined> => suite.store.transition(provider, action_id, () => what, hold)
  const workOf = async ({ provider, action_id }: StoredAction): Promise<StoredWork | undefined> =>
    suite.store.getWork(provider, action_id)
  const step = (name: string, size = 20): SealedStep => ({ name, sealed: randomBytes(size) })
  const event = (name: string): SealedEvent => ({
    event: name,
    delivery: randomBytes(32),
    sealed: randomBytes(20),
  })
  /** Steps by name and events in order, as bytes that can be compared. */
  const kept = async (action: StoredAction): Promise<{ steps: object; events: object[] }> => {
    const { steps = [], events = [] } = (await workOf(action)) ?? {}
    return {
      steps: Object.fromEntries(steps.map(({ name, sealed }) => [name, Buffer.from(sealed)])),
      events: events.map(bytesOf),
    }
  }
  const bytesOf = ({ event, delivery, sealed }: SealedEvent): object => ({
    event,
    delivery: Buffer.from(delivery),
    sealed: Buffer.from(sealed),
  })

  describe('the work of an action', () => {
    test('goes by its request and secret, its steps and events, until it is complete', async () => {
      const secret = randomBytes(30)
      const action = await creation(newAction({ secret, body: { n: 1 } }))
      const [submit, poll, again] = [step('submit'), step('poll'), step('poll', 100_000)]
      await change(action, { steps: [submit, poll] })
      await change(action, { steps: [step('poll'), again, step('żółw 🐢 #2')], attempt: 1 })
      const work = await workOf(action)
      expect(work?.request.body).toEqual({ n: 1 })
      expect(Buffer.from(work?.secret ?? [])).toEqual(secret)
      const { steps } = await kept(action)
      expect(steps).toMatchObject({ submit: submit.sealed, poll: again.sealed })
      expect(Object.keys(steps).sort()).toEqual(['poll', 'submit', 'żółw 🐢 #2'].sort())

      await change(action, { events: [event('approval')] })
      await change(action, { status: { ...documentOf(action), ...done } })
      expect(await kept(action)).toEqual({ steps: {}, events: [] })
    })

    test('has no steps of others, and none of an action of its request_id that was released', async () => {
      const [one, other] = [await creation(newAction()), await creation(newAction())]
      await change(one, { steps: [step('a')], events: [event('e')] })
      expect(await kept(other)).toEqual({ steps: {}, events: [] })
      await change(one, { release: true })
      expect(await workOf(one)).toBeUndefined()
    })

    test('keeps a step of its holder alone, with what else is changed', async () => {
      const action = await creation(newAction({ job: true }))
      const [job] = await suite.store.takeJobs(action.provider, 'first', 1)
      const first = { instance: 'first', lease: job?.lease ?? 0 }
      const kept1 = step('one')
      expect(await change(action, { steps: [kept1], attempt: 1 }, first)).toMatchObject({ attempt: 1 })
      await suite.store.returnJobs(action.provider, 'first', [
        { action_id: action.action_id, lease: first.lease },
      ])
      const [again] = await suite.store.takeJobs(action.provider, 'second', 1)
      expect(await change(action, { steps: [step('one'), step('two')], attempt: 9 }, first)).toBeUndefined()
      const kept2 = step('two')
      await change(action, { steps: [kept2] }, { instance: 'second', lease: again?.lease ?? 0 })
      expect((await kept(action)).steps).toEqual({ one: kept1.sealed, two: kept2.sealed })
      expect(await suite.store.get(action.provider, action.action_id)).toMatchObject({ attempt: 1 })
    })

    test('loses no step of 40 that end at once', async () => {
      const action = await creation(newAction())
      await atOnce(40, (each, index) =>
        each.transition(action.provider, action.action_id, () => ({ steps: [step(`step ${index}`)] })),
      )
      expect((await workOf(action))?.steps).toHaveLength(40)
    })

    test('is told of each event once, in the order in which they came, and counts them', async () => {
      const action = await creation(newAction())
      const [first, second, third] = [event('b'), event('a'), event('b')]
      expect(action.events).toBe(0)
      expect(await change(action, { events: [first] })).toMatchObject({ events: 1 })
      await change(action, { events: [second, third] })
      await change(action, { events: [{ ...first, sealed: randomBytes(9) }] })
      expect((await kept(action)).events).toEqual([first, second, third].map(bytesOf))
      const { action_id, provider } = action
      const after = await suite.store.get(provider, action_id)
      expect(after?.events).toBeGreaterThanOrEqual(3)
      expect(await pick(suite.stores, 1).get(provider, action_id)).toEqual(after)
    })

    test('can have an event taken back, which may then come again', async () => {
      const action = await creation(newAction())
      const [one, two] = [event('e'), event('e')]
      await change(action, { events: [one, two] })
      const takenBack: EventTakenBack = { ...one, sealed: null }
      await change(action, { events: [takenBack] })
      expect((await kept(action)).events).toEqual([two].map(bytesOf))
      await change(action, { events: [one] })
      expect((await kept(action)).events).toEqual([two, one].map(bytesOf))
    })

    test('has the version under which it was started', async () => {
      const action = await creation({ ...newAction(), work_version: '2026-11' })
      expect(action.work_version).toBe('2026-11')
      expect(await change(action, { attempt: 1 })).toMatchObject({ work_version: '2026-11' })
      expect(await suite.store.get(action.provider, action.action_id)).toMatchObject({
        work_version: '2026-11',
      })
    })
  })

  describe('the next job', () => {
    test('is the first that is not due yet and that nobody holds', async () => {
      const provider = newAction().provider
      expect(await suite.store.nextDue(provider)).toBeUndefined()
      const now = suite.store.now()
      const actions = await Promise.all([1, 2, 3].map(() => creation(newAction({ provider, job: true }))))
      expect(await suite.store.nextDue(provider)).toBeUndefined()
      await change(pick(actions, 0), { job: { due_at: now + 2 * MINUTE } })
      await change(pick(actions, 1), { job: { due_at: now + MINUTE } })
      expect(await suite.store.nextDue(provider)).toBe(Math.ceil(now + MINUTE))
      expect((await suite.store.count(provider)).waiting).toBe(1)
      await change(pick(actions, 1), { job: 'done' })
      expect(await suite.store.nextDue(provider)).toBe(Math.ceil(now + 2 * MINUTE))
      expect(await suite.store.nextDue('another')).toBeUndefined()
    })
  })
}

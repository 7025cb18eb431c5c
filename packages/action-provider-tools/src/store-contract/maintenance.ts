import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ActionNews, Change, StoredAction, StoreEvent } from '../store/action-store.ts'
import { documentOf, done, entry, MINUTE, newAction, pick, SOON } from './actions.ts'
import type { Suite } from './suite.ts'

/** Overdue, canceled and counted actions, and notifications. */
export function describeMaintenance(suite: Suite): void {
  const { atOnce, creation } = suite

  describe('maintenance', () => {
    test('finds unfinished actions past their deadline, the longest overdue first', async () => {
      const provider = randomUUID()
      const now = Date.now()
      const at = async (deadline_at: number): Promise<StoredAction> =>
        creation(newAction({ provider, deadline_at }))
      const [later, sooner, finished, released] = [
        await at(now - 1),
        await at(now - 2),
        await at(now - 3),
        await at(now - 4),
      ]
      await at(now + MINUTE)
      await creation(newAction({ provider }))
      const end = (change: Change) => (): Change => change
      const status = { ...documentOf(finished), ...done }
      await suite.store.transition(provider, finished.action_id, end({ status }))
      await suite.store.transition(provider, released.action_id, end({ release: true }))
      expect(await suite.store.overdue(provider, now, 9)).toEqual([sooner.action_id, later.action_id])
      expect(await suite.store.overdue(provider, now - 2, 9)).toEqual([sooner.action_id])
      expect(await suite.store.overdue(provider, now, 1)).toEqual([sooner.action_id])
    })

    test('finds unfinished actions whose cancel was asked for', async () => {
      const provider = randomUUID()
      const canceled = async (cancel_requested_at: number): Promise<StoredAction> => {
        const action = await creation(newAction({ provider }))
        await suite.store.transition(provider, action.action_id, () => ({ cancel_requested_at }))
        return action
      }
      const [first, second, finished] = [await canceled(10), await canceled(20), await canceled(5)]
      await creation(newAction({ provider }))
      const status = { ...documentOf(finished), ...done }
      await suite.store.transition(provider, finished.action_id, () => ({ status }))
      expect(await suite.store.cancelsSince(provider, 15, 9)).toEqual([first.action_id])
      expect([...(await suite.store.cancelsSince(provider, 20, 9))].sort()).toEqual(
        [first.action_id, second.action_id].sort(),
      )
      expect(await suite.store.cancelsSince(provider, 20, 1)).toHaveLength(1)
    })

    test('names the providers that it holds actions of', async () => {
      const { provider, action_id } = await creation(newAction())
      expect(await suite.store.namespaces()).toContain(provider)
      await suite.store.transition(provider, action_id, () => ({ release: true }))
      expect(await suite.store.namespaces()).not.toContain(provider)
    })

    test('counts actions by status, and the work that waits', async () => {
      const provider = randomUUID()
      const none = { ACTIVE: 0, INACTIVE: 0, SUCCEEDED: 0, FAILED: 0 }
      expect(await suite.store.count(provider)).toEqual({ actions: none, waiting: 0 })
      const actions = Array.from({ length: 5 }, () => newAction({ provider, job: true }))
      await atOnce(5, (each, index) => each.create(pick(actions, index)))
      await suite.store.takeJobs(provider, 'worker', 1)
      expect(await suite.store.count(provider)).toEqual({ actions: { ...none, ACTIVE: 5 }, waiting: 4 })
      for (const [index, status] of (['INACTIVE', 'SUCCEEDED', 'FAILED'] as const).entries()) {
        const action = pick(actions, index)
        await suite.store.transition(provider, action.action_id, () => ({
          status: { ...action.status, status },
          job: 'done',
        }))
      }
      const { actions: counted } = await suite.store.count(provider)
      expect(counted).toEqual({ ACTIVE: 2, INACTIVE: 1, SUCCEEDED: 1, FAILED: 1 })
      for (const { action_id } of actions) {
        await suite.store.transition(provider, action_id, () => ({ release: true }))
      }
      expect(await suite.store.count(provider)).toEqual({ actions: none, waiting: 0 })
    })
  })

  test('tells of work and cancels, on every instance, until it need not', async () => {
    const provider = randomUUID()
    const heard = suite.stores.map((): StoreEvent[] => [])
    const early: StoreEvent[] = []
    const endings = suite.stores.map((each, index) =>
      each.subscribe(provider, (event) => pick(heard, index).push(event)),
    )
    const unsubscribe = suite.store.subscribe(provider, (event) => early.push(event))
    const { action_id } = await creation(newAction({ provider, job: true }))
    for (const events of heard) await expect.poll(() => events, SOON).toContainEqual({ kind: 'job' })
    unsubscribe()
    early.splice(0)
    await suite.store.transition(provider, action_id, () => ({ cancel_requested_at: Date.now() }))
    for (const events of heard) {
      await expect.poll(() => events, SOON).toContainEqual({ kind: 'cancel', action_id })
    }
    expect(early).toEqual([])
    for (const end of endings) end()
  })

  test('tells those who watch an action of its changes, on every instance, until they need not know', async () => {
    const { provider, action_id } = await creation(newAction())
    const other = await creation(newAction({ provider }))
    const heard = suite.stores.map((): ActionNews[] => [])
    const endings = suite.stores.map((each, index) =>
      each.watch(provider, action_id, (news) => pick(heard, index).push(news)),
    )
    // Other instances may learn late who watches, and so miss the first changes.
    let attempt = 0
    const change = (more: Partial<Change>): Promise<StoredAction | undefined> =>
      suite.store.transition(provider, action_id, () => ({ attempt: ++attempt, ...more }))
    for (const [index, news] of heard.entries()) {
      await expect.poll(async () => (await change({})) && news.length, SOON).toBeGreaterThan(0)
      if (index === 0) expect(news.at(-1)).toMatchObject({ action: { attempt }, logged: false })
    }
    const counts = heard.map((news) => news.length)
    await suite.store.transition(provider, other.action_id, () => ({ log: [entry(1)] }))
    await suite.store.transition(provider, action_id, () => undefined)
    expect(heard[0]).toHaveLength(counts[0] ?? 0)
    await change({ log: [entry(2)] })
    for (const [index, news] of heard.entries()) {
      const later = (): boolean[] => news.slice(counts[index]).map(({ logged }) => logged)
      await expect.poll(later, SOON).toContain(true)
    }
    for (const end of endings) end()
    const last = heard.map((news) => news.length)
    await suite.store.transition(provider, action_id, () => ({ release: true }))
    expect(heard.map((news) => news.length)).toEqual(last)
  })

  test('tells those who watch an action of its removal', async () => {
    const { provider, action_id } = await creation(newAction())
    const heard: ActionNews[] = []
    const end = suite.store.watch(provider, action_id, (news) => heard.push(news))
    await suite.store.transition(provider, action_id, () => ({ release: true }))
    expect(heard).toEqual([{ logged: false }])
    end()
  })
}

import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { NewAction } from '../store/action-store.ts'
import { done, entry, keysOf, MINUTE, newAction, SOON } from './actions.ts'
import type { Suite } from './suite.ts'

/** Released and expired actions leave no trace. */
export function describeRemoval(suite: Suite): void {
  const { atOnce, creation, listed, traces } = suite

  describe('release', () => {
    test('leaves no trace, and frees the request_id', async () => {
      const first = newAction({ secret: randomBytes(9), job: true })
      const before = await creation(first)
      const { provider, action_id } = first
      const logged = await suite.store.transition(provider, action_id, () => ({ log: [entry(1)] }))
      expect(await suite.store.transition(provider, action_id, () => ({ release: true }))).toEqual(logged)
      expect(await traces(provider, action_id)).toEqual([])
      expect(await suite.store.takeJobs(provider, 'worker', 9)).toEqual([])
      expect((await suite.store.count(provider)).actions.ACTIVE).toBe(0)

      const second = { ...newAction({ provider }), ...keysOf(first), content_hash: randomBytes(32) }
      expect(await creation(second)).not.toMatchObject({ action_id: before.action_id })
      expect(await suite.store.readLog(provider, second.action_id, { limit: 9, newestFirst: false })).toEqual(
        {
          entries: [],
        },
      )
    })

    test('releases once', async () => {
      const { provider, action_id } = await creation(newAction())
      const released = await atOnce(10, (each) =>
        each.transition(provider, action_id, () => ({ release: true })),
      )
      expect(released.filter((action) => action !== undefined)).toHaveLength(1)
      expect((await suite.store.count(provider)).actions.ACTIVE).toBe(0)
    })
  })

  describe('expiry', () => {
    const ended = (action: NewAction, release_at: number): NewAction => ({
      ...action,
      runInline: () => ({ status: { ...action.status, ...done }, release_at, log: [entry(1)] }),
    })

    test('hides an action whose time is over, and frees its request_id', async () => {
      const first = ended(newAction(), suite.store.now() - 1_000)
      const { provider, action_id } = first
      await creation(first)
      expect(await traces(provider, action_id)).toEqual([])
      const second = ended({ ...newAction({ provider }), ...keysOf(first) }, Date.now() + MINUTE)
      const again = await creation(second)
      expect(await listed(provider)).toEqual([second.action_id])
      expect(await suite.store.create(first)).toEqual({ outcome: 'repeated', action: again })
    })

    test('makes one action of 20 identical requests where an expired one was', async () => {
      const first = ended(newAction(), suite.store.now() - 1_000)
      const { provider } = first
      await creation(first)
      const creations = await atOnce(20, (each) =>
        each.create({ ...newAction({ provider }), ...keysOf(first) }),
      )
      expect(creations.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
      expect(await listed(provider)).toHaveLength(1)
    })

    test('hides an action when its time comes', async () => {
      const action = ended(newAction(), Date.now() + 300)
      await creation(action)
      await expect.poll(() => listed(action.provider), SOON).toEqual([])
      expect(await traces(action.provider, action.action_id)).toEqual([])
    })

    test('sweeps what is over, in batches, and nothing else', async () => {
      const provider = randomUUID()
      const now = Date.now()
      while ((await suite.store.sweepReleased(now, 1000)) > 0);
      const kept = ended(newAction({ provider }), now + MINUTE)
      await creation(kept)
      await atOnce(150, (each) => each.create(ended(newAction({ provider }), now - 1)))

      expect(await suite.store.sweepReleased(now, 10)).toBe(10)
      expect((await suite.store.count(provider)).actions.SUCCEEDED).toBe(141)
      const swept = await atOnce(4, (each) => each.sweepReleased(now, 100))
      expect(swept.reduce((sum, each) => sum + each, 0)).toBe(140)
      expect((await suite.store.count(provider)).actions.SUCCEEDED).toBe(1)
      expect(await listed(provider)).toEqual([kept.action_id])
      expect(await suite.store.sweepReleased(now, 100)).toBe(0)
      expect(await suite.store.sweepReleased(now + MINUTE, 1000)).toBeGreaterThan(0)
      expect((await suite.store.count(provider)).actions.SUCCEEDED).toBe(0)
    })
  })
}

import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Job, JobLimits, NewAction } from '../store/action-store.ts'
import { newAction, pick } from './actions.ts'
import type { Suite } from './suite.ts'

/** How many jobs are held at once, of one caller and of one key, on all instances together. */
export function describeLimits(suite: Suite): void {
  const { atOnce } = suite

  describe('limits of jobs', () => {
    /** Records actions with jobs, with callers and keys in turn. */
    async function recordJobs(
      provider: string,
      count: number,
      callers: readonly string[],
      keys: readonly (string | undefined)[],
    ): Promise<Map<string, NewAction>> {
      const actions = Array.from({ length: count }, (_, index) => {
        const key = pick(keys, Math.floor(index / callers.length))
        const action = newAction({ provider, job: true, creator: pick(callers, index) })
        return key === undefined ? action : { ...action, job_key: key }
      })
      await atOnce(count, (each, index) => each.create(pick(actions, index)))
      return new Map(actions.map((action) => [action.action_id, action]))
    }

    /** The most jobs that are held of one caller, and of one key. */
    function mostHeld(actions: Map<string, NewAction>, held: Iterable<string>): JobLimits {
      const most = (nameOf: (action: NewAction) => string | undefined): number => {
        const counts = new Map<string, number>()
        for (const id of held) {
          const action = actions.get(id)
          const name = action && nameOf(action)
          if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
        }
        return Math.max(0, ...counts.values())
      }
      return {
        perCaller: most(({ status }) => status.creator_id),
        perKey: most(({ job_key }) => job_key),
      }
    }

    test('leave room for others, whoever has most', async () => {
      const provider = randomUUID()
      await recordJobs(provider, 50, ['flood'], [undefined])
      const others = await recordJobs(provider, 3, ['one', 'two', 'three'], [undefined])
      const limits = { perCaller: 2 }
      const taken = await suite.store.takeJobs(provider, 'worker', 100, limits)
      expect(taken).toHaveLength(5)
      expect(taken.filter(({ action_id }) => others.has(action_id))).toHaveLength(3)
      expect(await pick(suite.stores, 1).takeJobs(provider, 'another', 100, limits)).toEqual([])
      const first = taken.find(({ action_id }) => !others.has(action_id)) as Job
      await suite.store.transition(provider, first.action_id, () => ({ job: 'done' }))
      expect(await pick(suite.stores, 1).takeJobs(provider, 'another', 100, limits)).toHaveLength(1)
    })

    test('count a key over all callers, and nothing without one', async () => {
      const provider = randomUUID()
      const actions = await recordJobs(provider, 40, ['one', 'two'], ['a', 'b', undefined])
      const free = [...actions.values()].filter(({ job_key }) => job_key === undefined).length
      const taken = await suite.store.takeJobs(provider, 'worker', 100, { perKey: 3 })
      expect(taken).toHaveLength(free + 6)
      expect(
        mostHeld(
          actions,
          taken.map(({ action_id }) => action_id),
        ),
      ).toMatchObject({ perKey: 3 })
    })

    test('know the key of an action that was paused', async () => {
      const provider = randomUUID()
      const action = { ...newAction({ provider, job: true }), job_key: 'a' }
      const other = { ...newAction({ provider, job: true }), job_key: 'a' }
      await suite.store.create(action)
      const { action_id } = action
      await suite.store.transition(provider, action_id, () => ({ job: 'done' }))
      await suite.store.transition(provider, action_id, () => ({ job: { due_at: suite.store.now() } }))
      expect(await suite.store.takeJobs(provider, 'worker', 9, { perKey: 1 })).toHaveLength(1)
      await suite.store.create(other)
      expect(await suite.store.takeJobs(provider, 'worker', 9, { perKey: 1 })).toEqual([])
    })

    test('hold whoever takes and ends jobs at the same moment, and keep none back', async () => {
      const queues = fc.record({
        callers: fc.integer({ min: 1, max: 5 }),
        keys: fc.integer({ min: 1, max: 4 }),
        perCaller: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
        perKey: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        limit: fc.integer({ min: 1, max: 8 }),
      })
      await fc.assert(
        fc.asyncProperty(queues, async ({ callers, keys, perCaller, perKey, limit }) => {
          const provider = randomUUID()
          const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`)
          const actions = await recordJobs(provider, 12, names(callers), [...names(keys), undefined])
          const limits = { ...(perCaller && { perCaller }), ...(perKey && { perKey }) }
          const held = new Set<string>()
          let ended = 0
          while (ended < actions.size) {
            await atOnce(4, async (each, index) => {
              const jobs = await each.takeJobs(provider, `instance ${index % 2}`, limit, limits)
              for (const { action_id } of jobs) held.add(action_id)
            })
            const most = mostHeld(actions, held)
            expect(most.perCaller).toBeLessThanOrEqual(perCaller ?? Infinity)
            expect(most.perKey).toBeLessThanOrEqual(perKey ?? Infinity)
            // While any job waits, at least one runs.
            expect(held.size).toBeGreaterThan(0)
            const ending = [...held].filter((_, index) => index % 2 === 0)
            await atOnce(ending.length, async (each, index) => {
              const action_id = pick(ending, index)
              await each.transition(provider, action_id, () => ({ job: 'done' }))
            })
            for (const action_id of ending) held.delete(action_id)
            ended += ending.length
          }
          expect(await suite.store.takeJobs(provider, 'late', 100, limits)).toEqual([])
        }),
        { numRuns: 8 },
      )
    })
  })
}

import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newActionId } from '../action/keys.ts'
import type { Change, Job, StoredAction } from '../store/action-store.ts'
import { documentOf, done, entry, MINUTE, newAction, pick, SOON } from './actions.ts'
import type { Suite } from './suite.ts'

/** A job has one holder, under a lease that nobody else has. */
export function describeJobs(suite: Suite): void {
  const { atOnce, creation } = suite

  describe('jobs', () => {
    const take = (provider: string, instance: string, limit = 100, from = suite.store): Promise<Job[]> =>
      from.takeJobs(provider, instance, limit)
    const idsOf = (jobs: readonly Pick<Job, 'action_id'>[]): string[] =>
      jobs.map(({ action_id }) => action_id)
    /** Takes the only job. */
    const takeOne = async (provider: string, instance: string, from = suite.store): Promise<Job> => {
      const [job, ...more] = await take(provider, instance, 100, from)
      if (job === undefined || more.length > 0) throw new Error('Expected one job')
      return job
    }

    test('are each taken once, whoever asks at the same moment', async () => {
      const provider = randomUUID()
      const actions = Array.from({ length: 60 }, () => newAction({ provider, job: true }))
      await atOnce(60, (each, index) => each.create(pick(actions, index)))
      const taken = await atOnce(10, (each, index) => take(provider, `instance-${index}`, 7, each))
      expect(Math.max(...taken.map(({ length }) => length))).toBeLessThanOrEqual(7)
      const rest = await take(provider, 'last')
      const ids = idsOf([...taken.flat(), ...rest])
      expect(ids.sort()).toEqual(actions.map(({ action_id }) => action_id))
      expect(await take(provider, 'late')).toEqual([])
    })

    test('are taken of each caller in turn, however many one of them has', async () => {
      const provider = randomUUID()
      const flood = Array.from({ length: 100 }, () => newAction({ provider, job: true, creator: 'flood' }))
      await atOnce(100, (each, index) => each.create(pick(flood, index)))
      const others = Array.from({ length: 5 }, (_, index) =>
        newAction({ provider, job: true, creator: `other ${index}` }),
      )
      await atOnce(5, (each, index) => each.create(pick(others, index)))
      const first: string[] = []
      // One place after the other becomes free.
      for (let turn = 0; turn < 6; turn++) first.push(...idsOf(await take(provider, 'worker', 1)))
      expect(first).toHaveLength(6)
      expect(first).toEqual(expect.arrayContaining(others.map(({ action_id }) => action_id)))
      // The flood gets the places that the others do not need.
      const late = newAction({ provider, job: true, creator: 'other 1' })
      await suite.store.create(late)
      const many = idsOf(await take(provider, 'worker', 10))
      expect(many).toHaveLength(10)
      expect(many).toContain(late.action_id)
      const rest = idsOf(await take(provider, 'worker', 200))
      expect(new Set([...first, ...many, ...rest]).size).toBe(106)
    })

    test('are there with their action or not at all', async () => {
      const action = newAction({ job: true })
      const { provider, action_id } = action
      await creation(action)
      expect(await suite.store.create({ ...action, content_hash: randomBytes(32) })).toEqual({
        outcome: 'conflict',
      })
      const job = await takeOne(provider, 'worker')
      expect(job.action_id).toBe(action_id)
      const refused = suite.store.transition(provider, action_id, () => {
        throw new Error('no')
      })
      await expect(refused).rejects.toThrow('no')
      expect(await take(provider, 'worker')).toEqual([])
      expect(await suite.store.keepJobs(provider, 'worker', [job])).toEqual({ lost: [] })
    })

    test('are taken when they are due', async () => {
      let now = Date.now()
      const later = await suite.open({ clock: () => now })
      try {
        const action = newAction()
        const { provider, action_id } = action
        await later.store.create(action)
        const due_at = now + MINUTE
        expect(await take(provider, 'worker', 9, later.store)).toEqual([])
        await later.store.transition(provider, action_id, () => ({ job: { due_at } }))
        expect(await take(provider, 'worker', 9, later.store)).toEqual([])
        now = due_at - 1
        expect(await take(provider, 'worker', 9, later.store)).toEqual([])
        now = due_at
        expect(idsOf(await take(provider, 'worker', 9, later.store))).toEqual([action_id])
      } finally {
        await later.close()
      }
    })

    test('are due at once on every instance where their time is now', async () => {
      for (let round = 0; round < 10; round++) {
        const { provider, action_id } = await creation(newAction({ job: true }))
        for (const each of suite.stores) {
          const job = await takeOne(provider, 'worker', each)
          await suite.store.transition(provider, action_id, () => ({ job: { due_at: suite.store.now() } }))
          expect(job.action_id).toBe(action_id)
        }
      }
    })

    test('are gone once they are done, or the action is complete', async () => {
      const provider = randomUUID()
      const [first, second, third] = [
        await creation(newAction({ provider, job: true })),
        await creation(newAction({ provider, job: true })),
        await creation(newAction({ provider, job: true })),
      ]
      const held = await take(provider, 'worker')
      const changes: [StoredAction, Change][] = [
        [first, { job: 'done' }],
        [second, { status: { ...documentOf(second), ...done }, job: { due_at: 1 } }],
        [third, { status: { ...documentOf(third), status: 'FAILED' } }],
      ]
      for (const [{ action_id }, change] of changes) {
        await suite.store.transition(provider, action_id, () => change)
      }
      expect(await take(provider, 'another')).toEqual([])
      const { lost } = await suite.store.keepJobs(provider, 'worker', held)
      expect(lost.sort()).toEqual([first.action_id, second.action_id, third.action_id])
    })

    test('can be given back by who holds them', async () => {
      const { provider, action_id } = await creation(newAction({ job: true }))
      const first = await takeOne(provider, 'first')
      await suite.store.returnJobs(provider, 'another', [first, { action_id: newActionId(), lease: 1 }])
      expect(await take(provider, 'second')).toEqual([])
      await suite.store.returnJobs(provider, 'first', [first])
      const second = await takeOne(provider, 'second')
      expect(second.lease).toBeGreaterThan(first.lease)
      expect(await suite.store.keepJobs(provider, 'first', [first])).toEqual({ lost: [action_id] })
      expect(await suite.store.keepJobs(provider, 'second', [second])).toEqual({ lost: [] })
    })

    test('are lost by their holder when they are made due again', async () => {
      const { provider, action_id } = await creation(newAction({ job: true }))
      const first = await takeOne(provider, 'first')
      await suite.store.transition(provider, action_id, () => ({ job: { due_at: suite.store.now() } }))
      expect(await suite.store.keepJobs(provider, 'first', [first])).toEqual({ lost: [action_id] })
      expect((await takeOne(provider, 'second')).lease).toBe(first.lease + 1)
    })

    test('stay with their holder while other things change', async () => {
      const { provider, action_id } = await creation(newAction({ job: true }))
      const job = await takeOne(provider, 'worker')
      await suite.store.transition(provider, action_id, () => ({
        attempt: 1,
        runs_on: 'worker',
        log: [entry(1)],
      }))
      const unknown = { action_id: newActionId(), lease: 1 }
      expect(await suite.store.keepJobs(provider, 'worker', [job, unknown])).toEqual({
        lost: [unknown.action_id],
      })
      expect(await take(provider, 'another')).toEqual([])
    })

    test('are held under a lease that nobody has twice, also after a pause', async () => {
      const { provider, action_id } = await creation(newAction({ job: true }))
      const first = await takeOne(provider, 'worker')
      const begin = { attempt: 1, runs_on: 'worker', lease: first.lease }
      await suite.store.transition(provider, action_id, () => begin, {
        instance: 'worker',
        lease: first.lease,
      })
      await suite.store.transition(provider, action_id, () => ({ runs_on: null, job: 'done' }))
      await suite.store.transition(provider, action_id, () => ({ job: { due_at: suite.store.now() } }))
      const second = await takeOne(provider, 'worker')
      expect(second.lease).toBe(first.lease + 1)
      expect(await suite.store.keepJobs(provider, 'worker', [first])).toEqual({ lost: [action_id] })
      await suite.store.returnJobs(provider, 'worker', [first])
      expect(await suite.store.keepJobs(provider, 'worker', [second])).toEqual({ lost: [] })
    })

    test('let only their holder change an action where that is asked for', async () => {
      const { provider, action_id } = await creation(newAction({ job: true }))
      const change = (instance: string, { lease }: Job, from = suite.store) =>
        from.transition(provider, action_id, ({ attempt }) => ({ attempt: attempt + 1 }), {
          instance,
          lease,
        })
      const first = await takeOne(provider, 'worker')
      expect(await change('worker', first)).toMatchObject({ attempt: 1 })
      expect(await change('another', first)).toBeUndefined()
      await suite.store.returnJobs(provider, 'worker', [first])
      expect(await change('worker', first)).toBeUndefined()
      const second = await takeOne(provider, 'worker')
      const outcomes = await atOnce(20, (each, index) =>
        change('worker', index % 2 === 0 ? first : second, each),
      )
      for (const [index, outcome] of outcomes.entries()) expect(outcome === undefined).toBe(index % 2 === 0)
      expect(await suite.store.get(provider, action_id)).toMatchObject({ attempt: 11 })
    })

    test('change hands at one moment: who has lost one changes nothing afterwards', async () => {
      for (let round = 0; round < 20; round++) {
        const { provider, action_id } = await creation(newAction({ job: true }))
        const { lease } = await takeOne(provider, 'first')
        const [, began] = await Promise.all([
          suite.store.transition(provider, action_id, () => ({ job: { due_at: suite.store.now() } })),
          pick(suite.stores, 1).transition(provider, action_id, () => ({ runs_on: 'first', attempt: 1 }), {
            instance: 'first',
            lease,
          }),
        ])
        const second = await takeOne(provider, 'second')
        const after = await suite.store.transition(provider, action_id, () => ({ runs_on: 'second' }), {
          instance: 'second',
          lease: second.lease,
        })
        expect(after).toMatchObject({ attempt: began ? 1 : 0, runs_on: 'second' })
      }
    })

    test.each([
      ['begins their work at once', { job: true, holder: 'first' }],
      ['runs inline work that goes on', { runInline: () => ({ holder: 'first' }) }],
    ])('are held from the beginning by who %s', async (_who, held) => {
      const provider = randomUUID()
      const actions = Array.from({ length: 5 }, () => newAction({ provider }))
      const created = await Promise.all(
        actions.map((action, index) => pick(suite.stores, index).create({ ...action, ...held })),
      )
      const jobs = created.map((each) => {
        if (each.outcome !== 'created') throw new Error('Expected a new action')
        expect(each.action).toMatchObject({ attempt: 1, runs_on: 'first', lease: 1 })
        return { action_id: each.action.action_id, lease: each.action.lease }
      })
      expect(await take(provider, 'second')).toEqual([])
      expect(await suite.store.keepJobs(provider, 'first', jobs)).toEqual({ lost: [] })
      await suite.store.returnJobs(provider, 'first', jobs)
      const taken = await take(provider, 'second')
      expect(idsOf(taken).sort()).toEqual(idsOf(actions).sort())
      for (const { lease } of taken) expect(lease).toBe(2)
    })

    test('go to another when their holder is not heard of', async () => {
      const hasty = await suite.open({ leaseSeconds: 1 })
      try {
        const provider = randomUUID()
        const kept = newAction({ provider, job: true })
        const forsaken = newAction({ provider, job: true })
        await hasty.store.create(kept)
        await hasty.store.create(forsaken)
        const jobs = await take(provider, 'first', 9, hasty.store)
        expect(jobs).toHaveLength(2)
        const keptJobs = jobs.filter(({ action_id }) => action_id === kept.action_id)
        const other = (await hasty.another?.()) ?? hasty.store
        const taken: string[] = []
        await expect
          .poll(async () => {
            await hasty.store.keepJobs(provider, 'first', keptJobs)
            taken.push(...idsOf(await take(provider, 'second', 9, other)))
            return taken
          }, SOON)
          .toEqual([forsaken.action_id])
        expect(await hasty.store.keepJobs(provider, 'first', jobs)).toEqual({ lost: [forsaken.action_id] })
      } finally {
        await hasty.close()
      }
    })
  })
}

import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newActionId } from '../action/keys.ts'
import type { Change } from '../store/action-store.ts'
import { BOB, documentOf, done, entry, MINUTE, newAction } from './actions.ts'
import type { Suite } from './suite.ts'

/** Changes of an action are atomic, and none is lost. */
export function describeTransition(suite: Suite): void {
  const { atOnce, creation } = suite

  describe('transition', () => {
    test('changes what it is told, and leaves the rest', async () => {
      const deadline_at = Date.now() + MINUTE
      const before = await creation(newAction({ lists: { monitor_by: [BOB] }, deadline_at }))
      const { provider, action_id } = before
      const release_at = Date.now() + MINUTE

      const started = await suite.store.transition(provider, action_id, () => ({
        attempt: 1,
        runs_on: 'here',
      }))
      expect(started).toEqual({
        ...before,
        attempt: 1,
        runs_on: 'here',
        version: started?.version,
      })
      expect(started?.version).toBeGreaterThan(before.version)
      const canceling = await suite.store.transition(provider, action_id, () => ({
        cancel_requested_at: 5,
        cancel_requested_by: 'bob',
        resumed_by: BOB,
        failures: 2,
      }))
      expect(canceling).toEqual({
        ...started,
        cancel_requested_at: 5,
        cancel_requested_by: 'bob',
        resumed_by: BOB,
        failures: 2,
        version: canceling?.version,
      })
      expect(await suite.store.get(provider, action_id)).toEqual(canceling)
      const status = { ...documentOf(before), ...done }
      const ended = await suite.store.transition(provider, action_id, () => ({
        status,
        runs_on: null,
        release_at,
      }))
      const { runs_on: _, ...rest } = canceling ?? before
      expect(ended).toEqual({
        ...rest,
        status: 'SUCCEEDED',
        document: JSON.stringify(status),
        release_at,
        version: ended?.version,
      })
      expect(await suite.store.get(provider, action_id)).toEqual(ended)
    })

    test('loses no change of 40 at once', async () => {
      const { provider, action_id } = await creation(newAction())
      const changed = await atOnce(40, (each) =>
        each.transition(provider, action_id, (current) => ({
          attempt: current.attempt + 1,
          log: [entry(current.attempt)],
        })),
      )
      expect(changed.map((action) => action?.attempt).sort((a, b) => Number(a) - Number(b))).toEqual(
        Array.from({ length: 40 }, (_, index) => index + 1),
      )
      expect(new Set(changed.map((action) => action?.version)).size).toBe(40)
      const page = await suite.store.readLog(provider, action_id, { limit: 100, newestFirst: false })
      expect(page?.entries).toEqual(Array.from({ length: 40 }, (_, index) => entry(index)))
    })

    test('lets one of 20 take what all want', async () => {
      const { provider, action_id } = await creation(newAction())
      const changed = await atOnce(20, (each, index) =>
        each.transition(provider, action_id, (current) =>
          current.runs_on === undefined ? { runs_on: `instance-${index}` } : undefined,
        ),
      )
      expect(new Set(changed.map((action) => action?.runs_on)).size).toBe(1)
    })

    test('changes nothing where nothing is decided', async () => {
      const before = await creation(newAction())
      const { provider, action_id } = before
      expect(await suite.store.transition(provider, action_id, () => undefined)).toEqual(before)
      expect(await suite.store.get(provider, action_id)).toEqual(before)
    })

    test('rejects with what was thrown, and changes nothing else of the moment', async () => {
      const refusal = new TypeError('no')
      const { provider, action_id } = await creation(newAction())
      const other = newAction({ provider })
      const outcomes = await Promise.allSettled([
        suite.store.transition(provider, action_id, () => ({ attempt: 1 })),
        suite.store.transition(provider, action_id, () => {
          throw refusal
        }),
        suite.store.create(other),
        suite.store.transition(provider, action_id, (current) => ({ attempt: current.attempt + 1 })),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ])
      expect(outcomes[1]).toMatchObject({ reason: refusal })
      const after = await suite.store.get(provider, action_id)
      expect([1, 2]).toContain(after?.attempt)
      expect(await suite.store.get(provider, other.action_id)).toBeDefined()
    })

    test('rejects alone with a document that is no JSON', async () => {
      const action = await creation(newAction())
      const circular: Record<string, unknown> = {}
      circular.itself = circular
      const status = { ...documentOf(action), details: circular }
      let ran = 0
      const runInline = (): undefined => void ran++
      const [good, bad] = await Promise.allSettled([
        suite.store.create({ ...newAction(), runInline }),
        suite.store.transition(action.provider, action.action_id, () => ({ status, attempt: 7 })),
      ])
      expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'ActionProviderError' } })
      expect(good.status).toBe('fulfilled')
      expect(ran).toBe(1)
      expect(await suite.store.get(action.provider, action.action_id)).toEqual(action)
    })

    test('asks nobody about an action that is not there', async () => {
      const decide = (): never => {
        throw new Error('must not be asked')
      }
      expect(await suite.store.transition(randomUUID(), newActionId(), decide)).toBeUndefined()
    })

    test('keeps, replaces and erases a secret', async () => {
      const [first, second] = [randomBytes(10), randomBytes(2000)]
      const action = await creation(newAction({ secret: first }))
      const { provider, action_id } = action
      const secretAfter = async (change: Change): Promise<Buffer> => {
        await suite.store.transition(provider, action_id, () => change)
        return Buffer.from((await suite.store.getSecret(provider, action_id)) ?? [])
      }
      expect(await secretAfter({ attempt: 1 })).toEqual(first)
      expect(await secretAfter({ status: { ...documentOf(action), status: 'INACTIVE' } })).toEqual(first)
      expect(await secretAfter({ secret: second })).toEqual(second)
      expect(await secretAfter({ secret: null })).toEqual(Buffer.of())
      expect(await secretAfter({ secret: first })).toEqual(first)
      expect(await secretAfter({ status: { ...documentOf(action), ...done }, secret: second })).toEqual(
        Buffer.of(),
      )
    })
  })
}

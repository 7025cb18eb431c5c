import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ActionStatusValue } from '../documents/action-status.ts'
import { ALL_AUTHENTICATED_USERS } from '../documents/principal.ts'
import { RequestValidationError } from '../errors.ts'
import type { ListQuery } from '../store/action-store.ts'
import { STATUSES } from '../store/codes.ts'
import { ALICE, BOB, FRIENDS, newAction } from './actions.ts'
import type { Suite } from './suite.ts'

/** Lists show the same as a look at every action. */
export function describeLists(suite: Suite): void {
  const { creation, listed } = suite

  describe('list', () => {
    const people = [ALICE, BOB, FRIENDS, ALL_AUTHENTICATED_USERS]
    const somePeople = fc.uniqueArray(fc.constantFrom(...people))
    const plan: fc.Arbitrary<Plan> = fc.record({
      creator: fc.constantFrom(ALICE, BOB),
      monitor_by: somePeople,
      manage_by: somePeople,
      status: fc.constantFrom(...STATUSES),
      fate: fc.constantFrom('kept', 'kept', 'kept', 'released', 'expired'),
    })
    const question = fc.record({
      principals: fc.record(
        { creator_id: somePeople, monitor_by: somePeople, manage_by: somePeople },
        { requiredKeys: [] },
      ),
      statuses: fc.uniqueArray(fc.constantFrom(...STATUSES)),
      limit: fc.integer({ min: 1, max: 7 }),
    })

    test('gives, in pages, what looking at every action would give', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(plan, { maxLength: 25 }),
          fc.array(question, { minLength: 5, maxLength: 5 }),
          async (plans, questions) => {
            const provider = randomUUID()
            const kept = await prepared(provider, plans)
            for (const { limit, ...query } of questions) {
              const pages: string[] = []
              for (let before: string | undefined; ; before = pages.at(-1)) {
                const page = await listed(provider, { ...query, limit, ...(before && { before }) })
                expect(page.length).toBeLessThanOrEqual(limit)
                pages.push(...page)
                if (page.length < limit) break
              }
              expect(pages).toEqual(kept.filter((each) => matches(each, query)).map(({ id }) => id))
            }
          },
        ),
        { numRuns: 20 },
      )
    })

    type Plan = {
      creator: string
      monitor_by: string[]
      manage_by: string[]
      status: ActionStatusValue
      fate: 'kept' | 'released' | 'expired'
    }
    type Kept = { id: string; status: ActionStatusValue } & Record<keyof ListQuery['principals'], string[]>

    /** Creates the actions; returns those that remain, newest first. */
    async function prepared(provider: string, plans: readonly Plan[]): Promise<Kept[]> {
      const kept: Kept[] = []
      await Promise.all(
        plans.map(async ({ creator, monitor_by, manage_by, status, fate }) => {
          const planned = newAction({ provider, creator, lists: { monitor_by, manage_by } })
          const id = planned.action_id
          if (fate === 'kept') kept.push({ id, creator_id: [creator], monitor_by, manage_by, status })
          await suite.store.create(planned)
          await suite.store.transition(provider, id, () => ({
            status: { ...planned.status, status },
            ...(fate === 'expired' && { release_at: suite.store.now() - 1_000 }),
            ...(fate === 'released' && { release: true }),
          }))
        }),
      )
      return kept.sort((a, b) => (a.id < b.id ? 1 : -1))
    }

    function matches(each: Kept, { principals, statuses }: Omit<ListQuery, 'limit'>): boolean {
      const roles = ['creator_id', 'monitor_by', 'manage_by'] as const
      return (
        statuses.includes(each.status) &&
        roles.some((role) => principals[role]?.some((principal) => each[role].includes(principal)))
      )
    }

    test('gives the documents', async () => {
      const stored = await creation(newAction())
      const query = { principals: { creator_id: [ALICE] }, statuses: STATUSES, limit: 9 }
      expect(await suite.store.list(stored.provider, query)).toEqual([
        { action_id: stored.action_id, document: stored.document },
      ])
    })

    test('goes on after an action that is gone meanwhile', async () => {
      const provider = randomUUID()
      const ids: string[] = []
      for (let index = 0; index < 5; index++) ids.push((await creation(newAction({ provider }))).action_id)
      const [, before] = await listed(provider, { limit: 2 })
      await suite.store.transition(provider, String(before), () => ({ release: true }))
      expect(await listed(provider, { before: String(before) })).toEqual(ids.slice(0, 3).reverse())
    })

    test('refuses a marker that is none', async () => {
      const { provider } = await creation(newAction())
      await expect(listed(provider, { before: 'nonsense' })).rejects.toThrow(RequestValidationError)
    })
  })
}

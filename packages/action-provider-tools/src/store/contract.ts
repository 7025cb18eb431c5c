import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ALICE, newAction } from '../../test/new-action.ts'
import { newActionId } from '../action/keys.ts'
import type { ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { ALL_AUTHENTICATED_USERS, groupURN, identityURN } from '../documents/principal.ts'
import { formatTime, parseTime } from '../documents/time.ts'
import { RequestValidationError, ServiceUnavailable } from '../errors.ts'
import type {
  ActionStore,
  Change,
  Job,
  ListQuery,
  LogQuery,
  NewAction,
  StoredAction,
  StoreEvent,
  StoreOptions,
} from './action-store.ts'
import { STATUSES } from './codes.ts'

export { newAction }

/** A store that was opened for tests. `close` closes it and every other one that `another` opened on its database. */
export type OpenedStore = {
  store: ActionStore
  /** A further instance on the same database, where the store can have several. */
  another?: () => Promise<ActionStore>
  close: () => Promise<void>
}

const MINUTE = 60_000
const bob = identityURN('00000000-0000-4000-8000-00000000000b')
const friends = groupURN('fdb38a24-03c1-11e3-86f7-12313809f035')

/**
 * What every store must do, whatever keeps it.
 * @example describeActionStore('SQLite', async (options) => { … return { store, close } })
 */
export function describeActionStore(
  name: string,
  open: (options?: StoreOptions) => Promise<OpenedStore>,
): void {
  describe(`${name} keeps the contract of stores`, () => {
    let opened: OpenedStore
    let store: ActionStore
    /** As many instances as there can be, at least one. */
    let stores: ActionStore[]

    beforeAll(async () => {
      opened = await open()
      store = opened.store
      stores = opened.another ? [store, await opened.another()] : [store]
    })
    afterAll(() => opened.close())

    /** Does something many times at once, on all instances in turn. */
    function atOnce<T>(times: number, act: (store: ActionStore, index: number) => Promise<T>): Promise<T[]> {
      return Promise.all(Array.from({ length: times }, (_, index) => act(pick(stores, index), index)))
    }

    async function creation(newAction: NewAction): Promise<StoredAction> {
      const created = await store.create(newAction)
      if (created.outcome !== 'created') throw new Error(`Expected a new action, but: ${created.outcome}`)
      return created.action
    }

    async function listed(provider: string, query: Partial<ListQuery> = {}): Promise<string[]> {
      const all = { principals: { creator_id: [ALICE] }, statuses: STATUSES, limit: 1000 }
      return (await store.list(provider, { ...all, ...query })).map(({ action_id }) => action_id)
    }

    /** What can be known of an action by any way of asking. */
    async function traces(provider: string, actionId: string): Promise<unknown[]> {
      const found = [
        await store.get(provider, actionId),
        await store.getRequest(provider, actionId),
        await store.getSecret(provider, actionId),
        await store.transition(provider, actionId, () => ({ attempt: 99 })),
        ...((await store.readLog(provider, actionId, { limit: 9, newestFirst: false }))?.entries ?? []),
        ...(await listed(provider)).filter((each) => each === actionId),
      ]
      return found.filter((each) => each !== undefined)
    }

    describe('create', () => {
      test('records all of an action', async () => {
        const deadline_at = Date.now() + MINUTE
        const lists = { monitor_by: [bob, friends], manage_by: [ALL_AUTHENTICATED_USERS] }
        const body = { text: 'żółw 🐢 \u0000 "quoted" \\', deep: [{ a: [1.5, null, true] }] }
        const secret = randomBytes(100)
        const action = newAction({ body, lists, deadline_at, secret })

        const stored = await creation(action)

        expect(stored).toEqual({
          action_id: action.action_id,
          provider: action.provider,
          creator_id: ALICE,
          ...lists,
          status: 'ACTIVE',
          document: JSON.stringify(action.status),
          version: stored.version,
          attempt: 0,
          failures: 0,
          lease: 0,
          report: 0,
          deadline_at,
        })
        expect(await store.get(action.provider, action.action_id)).toEqual(stored)
        expect(await store.getRequest(action.provider, action.action_id)).toEqual(action.request)
        expect(Buffer.from((await store.getSecret(action.provider, action.action_id)) ?? [])).toEqual(secret)
      })

      test('finds the action of a repeated request, and tells other content', async () => {
        const first = newAction()
        const stored = await creation(first)
        const again = { ...newAction({ provider: first.provider }), request_key: first.request_key }
        expect(await store.create({ ...again, content_hash: first.content_hash })).toEqual({
          outcome: 'repeated',
          action: stored,
        })
        expect(await store.create({ ...again, content_hash: randomBytes(32) })).toEqual({
          outcome: 'conflict',
        })
        expect(await listed(first.provider)).toEqual([first.action_id])
        expect(await store.get(first.provider, again.action_id)).toBeUndefined()
      })

      test('makes one action of 60 identical requests at once', async () => {
        const provider = randomUUID()
        const one = newAction({ provider })
        const creations = await atOnce(60, (each) =>
          each.create({ ...newAction({ provider, job: true }), ...keysOf(one) }),
        )
        const ids = new Set(creations.map((each) => each.outcome !== 'conflict' && each.action.action_id))
        expect(creations.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
        expect(creations.filter(({ outcome }) => outcome === 'repeated')).toHaveLength(59)
        expect(ids.size).toBe(1)
        expect(await listed(provider)).toEqual([...ids])
        expect(await store.takeJobs(provider, 'worker', 100)).toHaveLength(1)
      })

      test('makes 200 actions of 200 requests at once', async () => {
        const provider = randomUUID()
        const actions = Array.from({ length: 200 }, () => newAction({ provider }))
        const creations = await atOnce(200, (each, index) => each.create(pick(actions, index)))
        expect(creations.every(({ outcome }) => outcome === 'created')).toBe(true)
        expect(await listed(provider)).toEqual(actions.map(({ action_id }) => action_id).reverse())
      })

      test('settles the first of identical requests, once, in the same step', async () => {
        const provider = randomUUID()
        const one = newAction({ provider })
        const log = [entry(1), entry(2)]
        const release_at = Date.now() + MINUTE
        let settled = 0
        const creations = await atOnce(20, (each) => {
          const action = { ...newAction({ provider }), ...keysOf(one), job: true, secret: randomBytes(8) }
          const settle = (): Change => {
            settled++
            return { status: { ...action.status, ...done }, attempt: 1, release_at, log }
          }
          return each.create({ ...action, settle })
        })
        expect(settled).toBe(1)
        const [id] = await listed(provider, { statuses: ['SUCCEEDED'] })
        const actions = creations.map((each) => each.outcome !== 'conflict' && each.action)
        for (const action of actions) {
          expect(action).toMatchObject({ action_id: id, status: 'SUCCEEDED', attempt: 1, release_at })
        }
        expect(await store.readLog(provider, String(id), { limit: 9, newestFirst: false })).toEqual({
          entries: log,
        })
        expect(await store.getSecret(provider, String(id))).toBeUndefined()
        expect(await store.takeJobs(provider, 'worker', 9)).toEqual([])
      })

      test('leaves an action active where nothing is settled', async () => {
        const action = newAction({ job: true })
        expect(await creation({ ...action, settle: () => undefined })).toMatchObject({ status: 'ACTIVE' })
        expect(await store.takeJobs(action.provider, 'worker', 9)).toHaveLength(1)
      })

      test('keeps a large request and a large document', async () => {
        const action = newAction({ body: { text: 'ä'.repeat(500_000) } })
        const details = { text: '🐢'.repeat(200_000) }
        await creation(action)
        const { provider, action_id } = action
        await store.transition(provider, action_id, () => ({ status: { ...action.status, details } }))
        expect(await store.getRequest(provider, action_id)).toEqual(action.request)
        expect(documentOf(await store.get(provider, action_id)).details).toEqual(details)
      })
    })

    describe('find', () => {
      test.each(['', 'nonsense', randomUUID().toUpperCase(), randomUUID(), '%00', "' OR 1=1 --"])(
        'finds nothing by the id %j',
        async (id) => {
          const { provider } = await creation(newAction())
          expect(await traces(provider, id)).toEqual([])
        },
      )

      test('tells the actions of one provider nothing of those of another', async () => {
        const mine = await creation(newAction({ secret: randomBytes(9), job: true, deadline_at: 1 }))
        const other = randomUUID()
        await creation(newAction({ provider: other }))
        expect(await traces(other, mine.action_id)).toEqual([])
        expect(await traces(randomUUID(), mine.action_id)).toEqual([])
        expect(await store.takeJobs(other, 'worker', 9)).toEqual([])
        expect(await store.overdue(other, Date.now(), 9)).toEqual([])
        expect(await store.get(mine.provider, mine.action_id)).toEqual(mine)
      })
    })

    describe('transition', () => {
      test('changes what it is told, and leaves the rest', async () => {
        const deadline_at = Date.now() + MINUTE
        const before = await creation(newAction({ lists: { monitor_by: [bob] }, deadline_at }))
        const { provider, action_id } = before
        const release_at = Date.now() + MINUTE

        const started = await store.transition(provider, action_id, () => ({ attempt: 1, runs_on: 'here' }))
        expect(started).toEqual({
          ...before,
          attempt: 1,
          runs_on: 'here',
          version: started?.version,
        })
        expect(started?.version).toBeGreaterThan(before.version)
        const canceling = await store.transition(provider, action_id, () => ({
          cancel_requested_at: 5,
          cancel_requested_by: 'bob',
          resumed_by: bob,
          failures: 2,
        }))
        expect(canceling).toEqual({
          ...started,
          cancel_requested_at: 5,
          cancel_requested_by: 'bob',
          resumed_by: bob,
          failures: 2,
          version: canceling?.version,
        })
        expect(await store.get(provider, action_id)).toEqual(canceling)
        const status = { ...documentOf(before), ...done }
        const ended = await store.transition(provider, action_id, () => ({
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
        expect(await store.get(provider, action_id)).toEqual(ended)
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
        const page = await store.readLog(provider, action_id, { limit: 100, newestFirst: false })
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
        expect(await store.transition(provider, action_id, () => undefined)).toEqual(before)
        expect(await store.get(provider, action_id)).toEqual(before)
      })

      test('rejects with what was thrown, and changes nothing else of the moment', async () => {
        const refusal = new TypeError('no')
        const { provider, action_id } = await creation(newAction())
        const other = newAction({ provider })
        const outcomes = await Promise.allSettled([
          store.transition(provider, action_id, () => ({ attempt: 1 })),
          store.transition(provider, action_id, () => {
            throw refusal
          }),
          store.create(other),
          store.transition(provider, action_id, (current) => ({ attempt: current.attempt + 1 })),
        ])
        expect(outcomes.map(({ status }) => status)).toEqual([
          'fulfilled',
          'rejected',
          'fulfilled',
          'fulfilled',
        ])
        expect(outcomes[1]).toMatchObject({ reason: refusal })
        const after = await store.get(provider, action_id)
        expect([1, 2]).toContain(after?.attempt)
        expect(await store.get(provider, other.action_id)).toBeDefined()
      })

      test('rejects alone with a document that is no JSON', async () => {
        const action = await creation(newAction())
        const circular: Record<string, unknown> = {}
        circular.itself = circular
        const status = { ...documentOf(action), details: circular }
        let settled = 0
        const settle = (): undefined => void settled++
        const [good, bad] = await Promise.allSettled([
          store.create({ ...newAction(), settle }),
          store.transition(action.provider, action.action_id, () => ({ status, attempt: 7 })),
        ])
        expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'ActionProviderError' } })
        expect(good.status).toBe('fulfilled')
        expect(settled).toBe(1)
        expect(await store.get(action.provider, action.action_id)).toEqual(action)
      })

      test('asks nobody about an action that is not there', async () => {
        const decide = (): never => {
          throw new Error('must not be asked')
        }
        expect(await store.transition(randomUUID(), newActionId(), decide)).toBeUndefined()
      })

      test('keeps, replaces and erases a secret', async () => {
        const [first, second] = [randomBytes(10), randomBytes(2000)]
        const action = await creation(newAction({ secret: first }))
        const { provider, action_id } = action
        const secretAfter = async (change: Change): Promise<Buffer> => {
          await store.transition(provider, action_id, () => change)
          return Buffer.from((await store.getSecret(provider, action_id)) ?? [])
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

    describe('release', () => {
      test('leaves no trace, and frees the request_id', async () => {
        const first = newAction({ secret: randomBytes(9), job: true })
        const before = await creation(first)
        const { provider, action_id } = first
        const logged = await store.transition(provider, action_id, () => ({ log: [entry(1)] }))
        expect(await store.transition(provider, action_id, () => ({ release: true }))).toEqual(logged)
        expect(await traces(provider, action_id)).toEqual([])
        expect(await store.takeJobs(provider, 'worker', 9)).toEqual([])
        expect((await store.count(provider)).actions.ACTIVE).toBe(0)

        const second = { ...newAction({ provider }), ...keysOf(first), content_hash: randomBytes(32) }
        expect(await creation(second)).not.toMatchObject({ action_id: before.action_id })
        expect(await store.readLog(provider, second.action_id, { limit: 9, newestFirst: false })).toEqual({
          entries: [],
        })
      })

      test('releases once', async () => {
        const { provider, action_id } = await creation(newAction())
        const released = await atOnce(10, (each) =>
          each.transition(provider, action_id, () => ({ release: true })),
        )
        expect(released.filter((action) => action !== undefined)).toHaveLength(1)
        expect((await store.count(provider)).actions.ACTIVE).toBe(0)
      })
    })

    describe('expiry', () => {
      const ended = (action: NewAction, release_at: number): NewAction => ({
        ...action,
        settle: () => ({ status: { ...action.status, ...done }, release_at, log: [entry(1)] }),
      })

      test('hides an action whose time is over, and frees its request_id', async () => {
        const first = ended(newAction(), Date.now() - 1)
        const { provider, action_id } = first
        await creation(first)
        expect(await traces(provider, action_id)).toEqual([])
        const second = ended({ ...newAction({ provider }), ...keysOf(first) }, Date.now() + MINUTE)
        const again = await creation(second)
        expect(await listed(provider)).toEqual([second.action_id])
        expect(await store.create(first)).toEqual({ outcome: 'repeated', action: again })
      })

      test('makes one action of 20 identical requests where an expired one was', async () => {
        const first = ended(newAction(), Date.now() - 1)
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
        await expect.poll(() => listed(action.provider)).toEqual([])
        expect(await traces(action.provider, action.action_id)).toEqual([])
      })

      test('sweeps what is over, in batches, and nothing else', async () => {
        const provider = randomUUID()
        const now = Date.now()
        while ((await store.sweepReleased(now, 1000)) > 0);
        const kept = ended(newAction({ provider }), now + MINUTE)
        await creation(kept)
        await atOnce(150, (each) => each.create(ended(newAction({ provider }), now - 1)))

        expect(await store.sweepReleased(now, 10)).toBe(10)
        expect((await store.count(provider)).actions.SUCCEEDED).toBe(141)
        const swept = await atOnce(4, (each) => each.sweepReleased(now, 100))
        expect(swept.reduce((sum, each) => sum + each, 0)).toBe(140)
        expect((await store.count(provider)).actions.SUCCEEDED).toBe(1)
        expect(await listed(provider)).toEqual([kept.action_id])
        expect(await store.sweepReleased(now, 100)).toBe(0)
        expect(await store.sweepReleased(now + MINUTE, 1000)).toBeGreaterThan(0)
        expect((await store.count(provider)).actions.SUCCEEDED).toBe(0)
      })
    })

    describe('list', () => {
      const people = [ALICE, bob, friends, ALL_AUTHENTICATED_USERS]
      const somePeople = fc.uniqueArray(fc.constantFrom(...people))
      const plan: fc.Arbitrary<Plan> = fc.record({
        creator: fc.constantFrom(ALICE, bob),
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

      /** Creates the actions; returns those that are left, newest first. */
      async function prepared(provider: string, plans: readonly Plan[]): Promise<Kept[]> {
        const kept: Kept[] = []
        await Promise.all(
          plans.map(async ({ creator, monitor_by, manage_by, status, fate }) => {
            const planned = newAction({ provider, creator, lists: { monitor_by, manage_by } })
            const id = planned.action_id
            if (fate === 'kept') kept.push({ id, creator_id: [creator], monitor_by, manage_by, status })
            await store.create(planned)
            await store.transition(provider, id, () => ({
              status: { ...planned.status, status },
              ...(fate === 'expired' && { release_at: Date.now() - 1 }),
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
        expect(await store.list(stored.provider, query)).toEqual([
          { action_id: stored.action_id, document: stored.document },
        ])
      })

      test('goes on after an action that is gone meanwhile', async () => {
        const provider = randomUUID()
        const ids: string[] = []
        for (let index = 0; index < 5; index++) ids.push((await creation(newAction({ provider }))).action_id)
        const [, before] = await listed(provider, { limit: 2 })
        await store.transition(provider, String(before), () => ({ release: true }))
        expect(await listed(provider, { before: String(before) })).toEqual(ids.slice(0, 3).reverse())
      })

      test('is empty where nothing was logged, and is not there once its action is released', async () => {
        const { provider, action_id } = await creation(newAction())
        for (const newestFirst of [false, true]) {
          expect(await store.readLog(provider, action_id, { limit: 9, newestFirst })).toEqual({ entries: [] })
          expect(await store.readLog('another', action_id, { limit: 9, newestFirst })).toBeUndefined()
        }
        await store.transition(provider, action_id, () => ({ log: [entry(1)] }))
        const since = Date.parse(entry(1).time) + 1
        expect(await store.readLog(provider, action_id, { limit: 9, newestFirst: false, since })).toEqual({
          entries: [],
        })
        await store.transition(provider, action_id, () => ({ release: true }))
        for (const newestFirst of [false, true]) {
          expect(await store.readLog(provider, action_id, { limit: 9, newestFirst })).toBeUndefined()
        }
      })

      test('refuses a marker that is none', async () => {
        const { provider } = await creation(newAction())
        await expect(listed(provider, { before: 'nonsense' })).rejects.toThrow(RequestValidationError)
      })
    })

    describe('log', () => {
      const time = (second: number): number => Date.UTC(2030, 0, 1, 0, 0, second)
      const bound = fc.option(fc.integer({ min: -1, max: 6 }).map(time), { nil: undefined })

      test('gives, in pages, what sorting all entries would give', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 }), { maxLength: 5 }),
            fc.boolean(),
            fc.integer({ min: 1, max: 5 }),
            bound,
            bound,
            async (batches, newestFirst, limit, since, until) => {
              const { provider, action_id } = await creation(newAction())
              let written = 0
              const log = batches.map((batch) =>
                batch.map((second) => ({ ...entry(written++), time: formatTime(time(second)) })),
              )
              for (const entries of log) {
                await store.transition(provider, action_id, () => ({ log: entries }))
              }
              const expected = log
                .flat()
                .sort((a, b) => parseTime(a.time) - parseTime(b.time))
                .filter((each) => parseTime(each.time) >= (since ?? 0))
                .filter((each) => until === undefined || parseTime(each.time) <= until)
              const query = {
                limit,
                newestFirst,
                ...(since !== undefined && { since }),
                ...(until !== undefined && { until }),
              }
              expect(await wholeLog(provider, action_id, query)).toEqual(
                newestFirst ? expected.reverse() : expected,
              )
            },
          ),
          { numRuns: 30 },
        )
      })

      async function wholeLog(
        provider: string,
        actionId: string,
        query: LogQuery,
      ): Promise<ActionLogEntry[]> {
        const { entries = [], marker } = (await store.readLog(provider, actionId, query)) ?? {}
        expect(entries.length).toBeLessThanOrEqual(query.limit)
        if (marker === undefined) return entries
        expect(entries).toHaveLength(query.limit)
        return [...entries, ...(await wholeLog(provider, actionId, { ...query, marker }))]
      }

      test('has no marker on a last page that is full', async () => {
        const { provider, action_id } = await creation(newAction())
        await store.transition(provider, action_id, () => ({ log: [entry(1), entry(2)] }))
        const page = await store.readLog(provider, action_id, { limit: 2, newestFirst: false })
        expect(page).toEqual({ entries: [entry(1), entry(2)] })
      })

      test('is empty where nothing was logged, and is not there once its action is released', async () => {
        const { provider, action_id } = await creation(newAction())
        for (const newestFirst of [false, true]) {
          expect(await store.readLog(provider, action_id, { limit: 9, newestFirst })).toEqual({ entries: [] })
          expect(await store.readLog('another', action_id, { limit: 9, newestFirst })).toBeUndefined()
        }
        await store.transition(provider, action_id, () => ({ log: [entry(1)] }))
        const since = Date.parse(entry(1).time) + 1
        expect(await store.readLog(provider, action_id, { limit: 9, newestFirst: false, since })).toEqual({
          entries: [],
        })
        await store.transition(provider, action_id, () => ({ release: true }))
        for (const newestFirst of [false, true]) {
          expect(await store.readLog(provider, action_id, { limit: 9, newestFirst })).toBeUndefined()
        }
      })

      test('refuses a marker that is none', async () => {
        const { provider, action_id } = await creation(newAction())
        const query = { limit: 1, newestFirst: false, marker: 'nonsense' }
        await expect((async () => store.readLog(provider, action_id, query))()).rejects.toThrow(
          RequestValidationError,
        )
      })
    })

    describe('jobs', () => {
      const take = (provider: string, instance: string, limit = 100, from = store): Promise<Job[]> =>
        from.takeJobs(provider, instance, limit)
      const idsOf = (jobs: readonly Pick<Job, 'action_id'>[]): string[] =>
        jobs.map(({ action_id }) => action_id)
      /** Takes the one job that there is. */
      const takeOne = async (provider: string, instance: string, from = store): Promise<Job> => {
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

      test('are there with their action or not at all', async () => {
        const action = newAction({ job: true })
        const { provider, action_id } = action
        await creation(action)
        expect(await store.create({ ...action, content_hash: randomBytes(32) })).toEqual({
          outcome: 'conflict',
        })
        const job = await takeOne(provider, 'worker')
        expect(job.action_id).toBe(action_id)
        const refused = store.transition(provider, action_id, () => {
          throw new Error('no')
        })
        await expect(refused).rejects.toThrow('no')
        expect(await take(provider, 'worker')).toEqual([])
        expect(await store.keepJobs(provider, 'worker', [job])).toEqual({ lost: [] })
      })

      test('are taken when they are due', async () => {
        let now = Date.now()
        const later = await open({ clock: () => now })
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
          for (const each of stores) {
            const job = await takeOne(provider, 'worker', each)
            await store.transition(provider, action_id, () => ({ job: { due_at: store.now() } }))
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
          await store.transition(provider, action_id, () => change)
        }
        expect(await take(provider, 'another')).toEqual([])
        const { lost } = await store.keepJobs(provider, 'worker', held)
        expect(lost.sort()).toEqual([first.action_id, second.action_id, third.action_id])
      })

      test('can be given back by who holds them', async () => {
        const { provider, action_id } = await creation(newAction({ job: true }))
        const first = await takeOne(provider, 'first')
        await store.returnJobs(provider, 'another', [first, { action_id: newActionId(), lease: 1 }])
        expect(await take(provider, 'second')).toEqual([])
        await store.returnJobs(provider, 'first', [first])
        const second = await takeOne(provider, 'second')
        expect(second.lease).toBeGreaterThan(first.lease)
        expect(await store.keepJobs(provider, 'first', [first])).toEqual({ lost: [action_id] })
        expect(await store.keepJobs(provider, 'second', [second])).toEqual({ lost: [] })
      })

      test('are lost by their holder when they are made due again', async () => {
        const { provider, action_id } = await creation(newAction({ job: true }))
        const first = await takeOne(provider, 'first')
        await store.transition(provider, action_id, () => ({ job: { due_at: store.now() } }))
        expect(await store.keepJobs(provider, 'first', [first])).toEqual({ lost: [action_id] })
        expect((await takeOne(provider, 'second')).lease).toBe(first.lease + 1)
      })

      test('stay with their holder while other things change', async () => {
        const { provider, action_id } = await creation(newAction({ job: true }))
        const job = await takeOne(provider, 'worker')
        await store.transition(provider, action_id, () => ({
          attempt: 1,
          runs_on: 'worker',
          log: [entry(1)],
        }))
        const unknown = { action_id: newActionId(), lease: 1 }
        expect(await store.keepJobs(provider, 'worker', [job, unknown])).toEqual({
          lost: [unknown.action_id],
        })
        expect(await take(provider, 'another')).toEqual([])
      })

      test('are held under a lease that nobody has twice, also after a pause', async () => {
        const { provider, action_id } = await creation(newAction({ job: true }))
        const first = await takeOne(provider, 'worker')
        const begin = { attempt: 1, runs_on: 'worker', lease: first.lease }
        await store.transition(provider, action_id, () => begin, { instance: 'worker', lease: first.lease })
        await store.transition(provider, action_id, () => ({ runs_on: null, job: 'done' }))
        await store.transition(provider, action_id, () => ({ job: { due_at: store.now() } }))
        const second = await takeOne(provider, 'worker')
        expect(second.lease).toBe(first.lease + 1)
        expect(await store.keepJobs(provider, 'worker', [first])).toEqual({ lost: [action_id] })
        await store.returnJobs(provider, 'worker', [first])
        expect(await store.keepJobs(provider, 'worker', [second])).toEqual({ lost: [] })
      })

      test('let only their holder change an action where that is asked for', async () => {
        const { provider, action_id } = await creation(newAction({ job: true }))
        const change = (instance: string, { lease }: Job, from = store) =>
          from.transition(provider, action_id, ({ attempt }) => ({ attempt: attempt + 1 }), {
            instance,
            lease,
          })
        const first = await takeOne(provider, 'worker')
        expect(await change('worker', first)).toMatchObject({ attempt: 1 })
        expect(await change('another', first)).toBeUndefined()
        await store.returnJobs(provider, 'worker', [first])
        expect(await change('worker', first)).toBeUndefined()
        const second = await takeOne(provider, 'worker')
        const outcomes = await atOnce(20, (each, index) =>
          change('worker', index % 2 === 0 ? first : second, each),
        )
        for (const [index, outcome] of outcomes.entries()) expect(outcome === undefined).toBe(index % 2 === 0)
        expect(await store.get(provider, action_id)).toMatchObject({ attempt: 11 })
      })

      test('change hands at one moment: who has lost one changes nothing afterwards', async () => {
        for (let round = 0; round < 20; round++) {
          const { provider, action_id } = await creation(newAction({ job: true }))
          const { lease } = await takeOne(provider, 'first')
          const [, began] = await Promise.all([
            store.transition(provider, action_id, () => ({ job: { due_at: store.now() } })),
            pick(stores, 1).transition(provider, action_id, () => ({ runs_on: 'first', attempt: 1 }), {
              instance: 'first',
              lease,
            }),
          ])
          const second = await takeOne(provider, 'second')
          const after = await store.transition(provider, action_id, () => ({ runs_on: 'second' }), {
            instance: 'second',
            lease: second.lease,
          })
          expect(after).toMatchObject({ attempt: began ? 1 : 0, runs_on: 'second' })
        }
      })

      test('are held from the beginning by who settles an action that goes on', async () => {
        const provider = randomUUID()
        const actions = Array.from({ length: 5 }, () => newAction({ provider }))
        const created = await Promise.all(
          actions.map((action, index) =>
            pick(stores, index).create({
              ...action,
              settle: () => ({ attempt: 1, runs_on: 'first', held_by: 'first' }),
            }),
          ),
        )
        const jobs = created.map((each) => {
          if (each.outcome !== 'created') throw new Error('Expected a new action')
          return { action_id: each.action.action_id, lease: each.action.lease }
        })
        expect(await take(provider, 'second')).toEqual([])
        expect(await store.keepJobs(provider, 'first', jobs)).toEqual({ lost: [] })
        await store.returnJobs(provider, 'first', jobs)
        const taken = await take(provider, 'second')
        expect(idsOf(taken).sort()).toEqual(idsOf(actions).sort())
        for (const { lease } of taken) expect(lease).toBe(2)
      })

      test('go to another when their holder is not heard of', async () => {
        const hasty = await open({ leaseSeconds: 1 })
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
            .poll(
              async () => {
                await hasty.store.keepJobs(provider, 'first', keptJobs)
                taken.push(...idsOf(await take(provider, 'second', 9, other)))
                return taken
              },
              { timeout: 20_000, interval: 50 },
            )
            .toEqual([forsaken.action_id])
          expect(await hasty.store.keepJobs(provider, 'first', jobs)).toEqual({ lost: [forsaken.action_id] })
        } finally {
          await hasty.close()
        }
      })
    })

    describe('watch', () => {
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
        await store.transition(provider, finished.action_id, end({ status }))
        await store.transition(provider, released.action_id, end({ release: true }))
        expect(await store.overdue(provider, now, 9)).toEqual([sooner.action_id, later.action_id])
        expect(await store.overdue(provider, now - 2, 9)).toEqual([sooner.action_id])
        expect(await store.overdue(provider, now, 1)).toEqual([sooner.action_id])
      })

      test('finds unfinished actions whose cancel was asked for', async () => {
        const provider = randomUUID()
        const canceled = async (cancel_requested_at: number): Promise<StoredAction> => {
          const action = await creation(newAction({ provider }))
          await store.transition(provider, action.action_id, () => ({ cancel_requested_at }))
          return action
        }
        const [first, second, finished] = [await canceled(10), await canceled(20), await canceled(5)]
        await creation(newAction({ provider }))
        const status = { ...documentOf(finished), ...done }
        await store.transition(provider, finished.action_id, () => ({ status }))
        expect(await store.cancelsSince(provider, 15, 9)).toEqual([first.action_id])
        expect([...(await store.cancelsSince(provider, 20, 9))].sort()).toEqual(
          [first.action_id, second.action_id].sort(),
        )
        expect(await store.cancelsSince(provider, 20, 1)).toHaveLength(1)
      })

      test('names the providers that it holds actions of', async () => {
        const { provider, action_id } = await creation(newAction())
        expect(await store.namespaces()).toContain(provider)
        await store.transition(provider, action_id, () => ({ release: true }))
        expect(await store.namespaces()).not.toContain(provider)
      })

      test('counts actions by status, and the work that waits', async () => {
        const provider = randomUUID()
        const none = { ACTIVE: 0, INACTIVE: 0, SUCCEEDED: 0, FAILED: 0 }
        expect(await store.count(provider)).toEqual({ actions: none, waiting: 0 })
        const actions = Array.from({ length: 5 }, () => newAction({ provider, job: true }))
        await atOnce(5, (each, index) => each.create(pick(actions, index)))
        await store.takeJobs(provider, 'worker', 1)
        expect(await store.count(provider)).toEqual({ actions: { ...none, ACTIVE: 5 }, waiting: 4 })
        for (const [index, status] of (['INACTIVE', 'SUCCEEDED', 'FAILED'] as const).entries()) {
          const action = pick(actions, index)
          await store.transition(provider, action.action_id, () => ({
            status: { ...action.status, status },
            job: 'done',
          }))
        }
        const { actions: counted } = await store.count(provider)
        expect(counted).toEqual({ ACTIVE: 2, INACTIVE: 1, SUCCEEDED: 1, FAILED: 1 })
        for (const { action_id } of actions) {
          await store.transition(provider, action_id, () => ({ release: true }))
        }
        expect(await store.count(provider)).toEqual({ actions: none, waiting: 0 })
      })
    })

    test('tells of work and cancels, on every instance, until it need not', async () => {
      const provider = randomUUID()
      const heard = stores.map((): StoreEvent[] => [])
      const early: StoreEvent[] = []
      const endings = stores.map((each, index) =>
        each.subscribe(provider, (event) => pick(heard, index).push(event)),
      )
      const unsubscribe = store.subscribe(provider, (event) => early.push(event))
      const { action_id } = await creation(newAction({ provider, job: true }))
      for (const events of heard) await expect.poll(() => events).toContainEqual({ kind: 'job' })
      unsubscribe()
      early.splice(0)
      await store.transition(provider, action_id, () => ({ cancel_requested_at: Date.now() }))
      for (const events of heard) {
        await expect.poll(() => events).toContainEqual({ kind: 'cancel', action_id })
      }
      expect(early).toEqual([])
      for (const end of endings) end()
    })

    test('answers a ping, and nothing once it is closed', async () => {
      const short = await open()
      const { provider, action_id } = newAction()
      await expect(short.store.ping()).resolves.toBeUndefined()
      await short.close()
      await expect(short.store.ping()).rejects.toThrow(ServiceUnavailable)
      await expect(short.store.create(newAction())).rejects.toThrow(ServiceUnavailable)
      await expect((async () => short.store.get(provider, action_id))()).rejects.toThrow(ServiceUnavailable)
      await expect(short.store.close()).resolves.toBeUndefined()
    })
  })
}

const done = { status: 'SUCCEEDED', details: { you_said: 'hey' } } as const

/** What makes two requests one. */
function keysOf({ request_key, content_hash }: NewAction): Pick<NewAction, 'request_key' | 'content_hash'> {
  return { request_key, content_hash }
}

function entry(number: number): ActionLogEntry {
  return {
    time: '2030-01-31T12:00:00.000Z',
    code: `Step${number}`,
    description: `Step ${number} żółw 🐢`,
    ...(number % 2 === 0 && { details: { number } }),
  }
}

function documentOf(action: StoredAction | undefined): ActionStatus {
  return JSON.parse(action?.document ?? 'null') as ActionStatus
}

function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T
}

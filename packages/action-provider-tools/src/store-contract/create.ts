import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ALL_AUTHENTICATED_USERS } from '../documents/principal.ts'
import type { Change } from '../store/action-store.ts'
import { ALICE, BOB, documentOf, done, entry, FRIENDS, keysOf, MINUTE, newAction, pick } from './actions.ts'
import type { Suite } from './suite.ts'

/** One action for each request, recorded as given; unknown actions are not found. */
export function describeCreate(suite: Suite): void {
  const { atOnce, creation, listed, traces } = suite

  describe('create', () => {
    test('records all of an action', async () => {
      const deadline_at = Date.now() + MINUTE
      const lists = { monitor_by: [BOB, FRIENDS], manage_by: [ALL_AUTHENTICATED_USERS] }
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
        events: 0,
        deadline_at,
      })
      expect(await suite.store.get(action.provider, action.action_id)).toEqual(stored)
      expect((await suite.store.getWork(action.provider, action.action_id))?.request).toEqual(action.request)
      expect(Buffer.from((await suite.store.getSecret(action.provider, action.action_id)) ?? [])).toEqual(
        secret,
      )
    })

    test('finds the action of a repeated request, and tells other content', async () => {
      const first = newAction()
      const stored = await creation(first)
      const again = { ...newAction({ provider: first.provider }), request_key: first.request_key }
      expect(await suite.store.create({ ...again, content_hash: first.content_hash })).toEqual({
        outcome: 'repeated',
        action: stored,
      })
      expect(await suite.store.create({ ...again, content_hash: randomBytes(32) })).toEqual({
        outcome: 'conflict',
      })
      expect(await listed(first.provider)).toEqual([first.action_id])
      expect(await suite.store.get(first.provider, again.action_id)).toBeUndefined()
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
      expect(await suite.store.takeJobs(provider, 'worker', 100)).toHaveLength(1)
    })

    test('makes 200 actions of 200 requests at once', async () => {
      const provider = randomUUID()
      const actions = Array.from({ length: 200 }, () => newAction({ provider }))
      const creations = await atOnce(200, (each, index) => each.create(pick(actions, index)))
      expect(creations.every(({ outcome }) => outcome === 'created')).toBe(true)
      expect(await listed(provider)).toEqual(actions.map(({ action_id }) => action_id).reverse())
    })

    test('runs inline the first of identical requests, once, in the same step', async () => {
      const provider = randomUUID()
      const one = newAction({ provider })
      const log = [entry(1), entry(2)]
      const release_at = Date.now() + MINUTE
      let ran = 0
      const creations = await atOnce(20, (each) => {
        const action = { ...newAction({ provider }), ...keysOf(one), job: true, secret: randomBytes(8) }
        const runInline = (): Change => {
          ran++
          return { status: { ...action.status, ...done }, attempt: 1, release_at, log }
        }
        return each.create({ ...action, runInline })
      })
      expect(ran).toBe(1)
      const [id] = await listed(provider, { statuses: ['SUCCEEDED'] })
      const actions = creations.map((each) => each.outcome !== 'conflict' && each.action)
      for (const action of actions) {
        expect(action).toMatchObject({ action_id: id, status: 'SUCCEEDED', attempt: 1, release_at })
      }
      expect(await suite.store.readLog(provider, String(id), { limit: 9, newestFirst: false })).toEqual({
        entries: log,
      })
      expect(await suite.store.getSecret(provider, String(id))).toBeUndefined()
      expect(await suite.store.takeJobs(provider, 'worker', 9)).toEqual([])
    })

    test('leaves an action active where nothing is changed inline', async () => {
      const action = newAction({ job: true })
      expect(await creation({ ...action, runInline: () => undefined })).toMatchObject({ status: 'ACTIVE' })
      expect(await suite.store.takeJobs(action.provider, 'worker', 9)).toHaveLength(1)
    })

    test('keeps a large request and a large document', async () => {
      const action = newAction({ body: { text: 'ä'.repeat(500_000) } })
      const details = { text: '🐢'.repeat(200_000) }
      await creation(action)
      const { provider, action_id } = action
      await suite.store.transition(provider, action_id, () => ({ status: { ...action.status, details } }))
      expect((await suite.store.getWork(provider, action_id))?.request).toEqual(action.request)
      expect(documentOf(await suite.store.get(provider, action_id)).details).toEqual(details)
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
      expect(await suite.store.takeJobs(other, 'worker', 9)).toEqual([])
      expect(await suite.store.overdue(other, Date.now(), 9)).toEqual([])
      expect(await suite.store.get(mine.provider, mine.action_id)).toEqual(mine)
    })
  })
}

import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts'
import { again, succeed } from '../../../test/requests.ts'
import { newAction } from '../../store-contract/actions.ts'
import type { ActionStore, Creation, Job } from '../action-store.ts'
import { openPostgresStore } from './store.ts'

let postgres: TestPostgres
let stores: ActionStore[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  stores = await Promise.all([1, 2, 3].map(() => openPostgresStore(postgres.url, { poolSize: 4 })))
})
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await postgres.close()
})

/** What every store makes of the same work at the same moment. */
async function everywhere<T>(work: (store: ActionStore) => Promise<T>): Promise<T[]> {
  return Promise.all(stores.map(work))
}

function idOf(creation: Creation): string {
  if (creation.outcome === 'conflict') throw new Error('There should be no conflict')
  return creation.action.action_id
}

test('a request that arrives at every instance at once starts one action', async () => {
  const requests = Array.from({ length: 100 }, () => newAction({ provider: 'race', job: true }))
  const creations = await everywhere((store) =>
    Promise.all(
      // In an order of its own, and twice.
      requests
        .toSorted(() => Math.random() - 0.5)
        .flatMap((request) => [request, request])
        .map(async (request) => ({ request, creation: await store.create(again(request)) })),
    ),
  )
  for (const request of requests) {
    const those = creations.flat().filter((each) => each.request === request)
    expect(those.filter(({ creation }) => creation.outcome === 'created')).toHaveLength(1)
    expect(new Set(those.map(({ creation }) => idOf(creation))).size).toBe(1)
  }
  const [store] = stores as [ActionStore]
  expect(await store.count('race')).toMatchObject({ actions: { ACTIVE: 100 }, waiting: 100 })
})

test('work runs inline on the instance that records its action, and on no other', async () => {
  const request = newAction({ provider: 'inline' })
  let ran = 0
  const creations = await everywhere((store) => {
    const { status, ...same } = again(request)
    const runInline = () => {
      ran++
      return { status: { ...status, status: 'SUCCEEDED' as const } }
    }
    return store.create({ ...same, status, runInline })
  })
  expect(ran).toBe(1)
  expect(creations.map(({ outcome }) => outcome).sort()).toEqual(['created', 'repeated', 'repeated'])
  expect(new Set(creations.map(idOf)).size).toBe(1)
})

test('a request that cannot be recorded fails alone', async () => {
  const [store] = stores as [ActionStore]
  const results = await Promise.allSettled([
    store.create(newAction({ provider: 'poison' })),
    store.create({ ...newAction({ provider: 'poison' }), action_id: 'no id' }),
    store.create(newAction({ provider: 'poison' })),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('no job is taken twice', async () => {
  const [store] = stores as [ActionStore]
  const requests = Array.from({ length: 120 }, () => newAction({ provider: 'take', job: true }))
  await Promise.all(requests.map((request) => store.create(request)))
  const taken = await everywhere(async (each) => {
    const own: string[] = []
    for (;;) {
      const jobs = await each.takeJobs('take', `instance ${stores.indexOf(each)}`, 7)
      if (jobs.length === 0) return own
      own.push(...jobs.map((job) => job.action_id))
    }
  })
  const all = taken.flat()
  expect(all).toHaveLength(120)
  expect(new Set(all).size).toBe(120)
})

test('changes of one action at once are made one after another', async () => {
  const request = newAction({ provider: 'count' })
  await (stores[0] as ActionStore).create(request)
  await everywhere((store) =>
    Promise.all(
      Array.from({ length: 20 }, () =>
        store.transition('count', request.action_id, (action) => ({ attempt: action.attempt + 1 })),
      ),
    ),
  )
  expect(await (stores[0] as ActionStore).get('count', request.action_id)).toMatchObject({
    attempt: 60,
    version: 61,
  })
})

test('sweeps at once remove each action once, while others are made', async () => {
  const [store] = stores as [ActionStore]
  const now = Date.now()
  const requests = Array.from({ length: 150 }, () => newAction({ provider: 'sweep' }))
  await Promise.all(
    requests.map(async (request) => {
      await store.create(request)
      await store.transition('sweep', request.action_id, (action) => ({
        ...succeed(action),
        release_at: now - 1,
      }))
    }),
  )
  const [swept] = await Promise.all([
    everywhere(async (each) => {
      let removed = 0
      for (;;) {
        const some = await each.sweepReleased(now, 20)
        removed += some
        if (some === 0) return removed
      }
    }),
    Promise.all(requests.slice(0, 30).map((request) => store.create(again(request)))),
  ])
  // Those that were asked for again may have been removed by that.
  const total = swept.reduce((sum, some) => sum + some, 0)
  expect(total).toBeGreaterThanOrEqual(120)
  expect(total).toBeLessThanOrEqual(150)
  expect((await store.count('sweep')).actions).toEqual({ ACTIVE: 30, INACTIVE: 0, SUCCEEDED: 0, FAILED: 0 })
})

test('work is kept, given back, made due and completed by all at once, and nobody waits in a circle', async () => {
  const [store] = stores as [ActionStore]
  const requests = Array.from({ length: 40 }, () => newAction({ provider: 'busy', job: true }))
  await Promise.all(requests.map((request) => store.create(request)))
  const ids = requests.map(({ action_id }) => action_id)
  const held = await store.takeJobs('busy', 'one', 40)
  const heldShuffled = (): Job[] => held.toSorted(() => Math.random() - 0.5)
  const shuffled = (): string[] => ids.toSorted(() => Math.random() - 0.5)
  for (let round = 0; round < 15; round++) {
    await everywhere((each) =>
      Promise.all([
        each.keepJobs('busy', 'one', heldShuffled()),
        round % 5 === 4 && each.returnJobs('busy', 'one', heldShuffled()),
        each.takeJobs('busy', 'one', 40),
        ...shuffled()
          .slice(0, 15)
          .map((id) => each.transition('busy', id, () => ({ job: { due_at: Date.now() } }))),
      ]),
    )
  }
  await everywhere((each) => Promise.all(shuffled().map((id) => each.transition('busy', id, succeed))))
  expect(await store.count('busy')).toMatchObject({ actions: { ACTIVE: 0, SUCCEEDED: 40 }, waiting: 0 })

  const client = new Client(postgres.url)
  await client.connect()
  const { rows } = await client.query(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  )
  await client.end()
  expect(rows).toEqual([{ deadlocks: 0 }])
})

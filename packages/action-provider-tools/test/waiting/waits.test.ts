import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServiceUnavailable } from '../../src/index.ts'
import type { ActionNews, ActionStore } from '../../src/store/action-store.ts'
import { newAction } from '../../src/store-contract/actions.ts'
import { createWaits, type Following, type Waits } from '../../src/worker/waits.ts'
import type { WorkerContext } from '../../src/worker/worker-context.ts'
import { storesForTest, type TestStores } from '../stores.ts'

/** Who waits for an action hears of every change, and however many wait, it is asked for once. */

const CHANGES = 20

/** So many looks at intervals there are at most while a test runs, from short to long. */
const LOOKS = 15

const namespace = 'waits'
const waitsOf = (store: ActionStore): Waits =>
  createWaits({ store, namespace, running: new Map(), state: 'working' } as unknown as WorkerContext)

async function started(store: ActionStore): Promise<string> {
  const { action_id } = newAction({ provider: namespace })
  await store.create({ ...newAction({ provider: namespace }), action_id })
  return action_id
}

const change = (store: ActionStore, actionId: string): Promise<unknown> =>
  store.transition(namespace, actionId, ({ attempt }) => ({ attempt: attempt + 1 }))

/** Resolves when a follower has seen an attempt. */
async function seen(following: Following, attempt: number): Promise<void> {
  for (;;) {
    const action = await following.latest()
    if ((action?.attempt ?? 0) >= attempt) return
    await following.changed(Number.POSITIVE_INFINITY)
  }
}

for (const { name, start } of storesForTest) {
  describe(`those who wait for an action, on ${name}`, () => {
    let stores: TestStores
    let here: ActionStore
    let elsewhere: ActionStore | undefined
    beforeAll(async () => {
      stores = await start()
      const database = await stores.create()
      here = await database.open()
      elsewhere = here.remote ? await database.open() : undefined
      // As the worker of every instance does.
      elsewhere?.subscribe(namespace, () => {})
    })
    afterAll(async () => {
      await here.close()
      await elsewhere?.close()
      await stores.close()
    })

    const counting = (): { store: ActionStore; asked: () => number } => {
      let asked = 0
      const get: ActionStore['get'] = (...given) => {
        asked++
        return here.get(...given)
      }
      return { store: { ...here, get }, asked: () => asked }
    }

    test('are told by this instance, with no query', async () => {
      const actionId = await started(here)
      const { store, asked } = counting()
      const waits = waitsOf(store)
      const followers = Array.from({ length: 1_000 }, () => waits.follow(actionId))
      for (let attempt = 1; attempt <= CHANGES; attempt++) {
        await change(here, actionId)
        await Promise.all(followers.map((each) => seen(each, attempt)))
      }
      expect(asked()).toBeLessThanOrEqual(LOOKS)
      for (const each of followers) each.end()
    })

    test('are told by another instance, with one query a change', async () => {
      const other = elsewhere ?? here
      const actionId = await started(here)
      const { store, asked } = counting()
      const waits = waitsOf(store)
      const followers = Array.from({ length: 1_000 }, () => waits.follow(actionId))
      for (let attempt = 1; attempt <= CHANGES; attempt++) {
        await change(other, actionId)
        await Promise.all(followers.map((each) => seen(each, attempt)))
      }
      expect(asked()).toBeLessThanOrEqual(CHANGES + LOOKS)
      for (const each of followers) each.end()
    })

    test('miss nothing where all news get lost and the database fails for a while', async () => {
      const actionId = await started(here)
      let failures = 0
      const deaf: ActionStore = {
        ...here,
        watch: () => () => {},
        get: (...given) => {
          if (failures-- > 0) throw new ServiceUnavailable('The database is away')
          return here.get(...given)
        },
      }
      const following = waitsOf(deaf).follow(actionId)
      await following.latest()
      await change(here, actionId)
      failures = 2
      await seen(following, 1)
      following.end()
    })

    test('see the log that was written meanwhile, each from where it is', async () => {
      const actionId = await started(here)
      let reads = 0
      const waits = waitsOf({
        ...here,
        logAfter: (...given) => {
          reads++
          return here.logAfter(...given)
        },
      })
      const followers = Array.from({ length: 100 }, () => waits.follow(actionId))
      const entry = { time: '2030-01-01T00:00:00.000Z', code: 'Step', description: 'A step' }
      const positions = followers.map(() => -1)
      const counts = followers.map(() => 0)
      for (let written = 1; written <= 5; written++) {
        await here.transition(namespace, actionId, () => ({ log: [entry] }))
        await Promise.all(
          followers.map(async (following, index) => {
            const entries = (await following.logAfter(positions[index] ?? -1)) ?? []
            counts[index] = (counts[index] ?? 0) + entries.length
            positions[index] = entries.at(-1)?.position ?? -1
          }),
        )
      }
      expect(new Set(counts)).toEqual(new Set([5]))
      expect(reads).toBeLessThanOrEqual(5 + LOOKS)
      for (const each of followers) each.end()
    })

    test('end with the signal, the time or the stop, and leave nothing behind', async () => {
      const actionId = await started(here)
      const listeners = new Set<(news: ActionNews) => void>()
      const worker = {
        namespace,
        running: new Map(),
        state: 'working',
        store: {
          ...here,
          watch: (_provider: string, _actionId: string, listener: (news: ActionNews) => void) => {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        },
      }
      const waits = createWaits(worker as unknown as WorkerContext)
      const never = (): boolean => false
      const hangUp = new AbortController()
      const waiting = [
        waits.until(actionId, 60_000, never, { signal: hangUp.signal }),
        waits.until(actionId, 1, never),
        waits.until(actionId, 60_000, never),
      ] as const
      const last = waits.until(actionId, 60_000, never, { mustEnd: true })
      await waiting[1]
      hangUp.abort()
      await waiting[0]
      expect(listeners.size).toBe(1)
      worker.state = 'stopping'
      waits.wake()
      await waiting[2]
      expect(listeners.size).toBe(1)
      worker.state = 'stopped'
      waits.wake()
      expect(await last).toMatchObject({ action_id: actionId })
      expect(listeners.size).toBe(0)
    })
  })
}

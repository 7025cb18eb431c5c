import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { again } from '../../../test/requests.ts'
import { newAction } from '../../store-contract/actions.ts'
import { describeActionStore } from '../../store-contract/index.ts'
import type { StoredAction } from '../action-store.ts'
import { openSqliteStore } from './store.ts'

let folder: string
let made = 0
const newPath = (): string => join(folder, `${++made}.db`)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-store-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeActionStore('SQLite', async (options) => {
  const store = openSqliteStore(newPath(), options)
  return { store, close: () => store.close() }
})

test('forgets all when it is kept in memory', async () => {
  const action = newAction({ provider: 'p' })
  const [first, second] = [openSqliteStore(':memory:'), openSqliteStore(':memory:')]
  await first.create(action)
  expect(await first.get('p', action.action_id)).toBeDefined()
  expect(await second.get('p', action.action_id)).toBeUndefined()
  await first.close()
  await second.close()
})

test('frees the work of the process before', async () => {
  const path = newPath()
  const action = newAction({ provider: 'p', job: true })
  const before = openSqliteStore(path)
  await before.create(action)
  expect(await before.takeJobs('p', 'before', 9)).toHaveLength(1)
  await before.close()

  const after = openSqliteStore(path)
  expect(await after.takeJobs('p', 'after', 9)).toEqual([{ action_id: action.action_id, lease: 2 }])
  await after.close()
})

test('writes what waits before it closes', async () => {
  const path = newPath()
  const before = openSqliteStore(path)
  const action = newAction({ provider: 'p' })
  const creation = before.create(action)
  await before.close()
  expect(await creation).toMatchObject({ outcome: 'created' })
  const after = openSqliteStore(path)
  expect(await after.get('p', action.action_id)).toBeDefined()
  await after.close()
})

test('makes one action of identical requests to processes that share a database', async () => {
  const path = newPath()
  const stores = [1, 2, 3].map(() => openSqliteStore(path, { exclusive: false }))
  const action = newAction({ provider: 'p' })
  const creations = await Promise.all(
    Array.from({ length: 30 }, (_, index) => stores[index % 3]?.create(again(action))),
  )
  expect(creations.filter((each) => each?.outcome === 'created')).toHaveLength(1)
  expect(creations.filter((each) => each?.outcome === 'repeated')).toHaveLength(29)
  for (const store of stores) await store.close()
})

test('knows an action that it has just given, never as it was before, and nothing where it is not alone', async () => {
  let now = 1_000_000
  const path = newPath()
  const store = openSqliteStore(path, { clock: () => now })
  const action = newAction({ provider: 'p' })
  const { action_id } = action
  /** What is known, which must be what is in the database. */
  const known = async (provider = 'p'): Promise<StoredAction | undefined> => {
    const remembered = store.known?.(provider, action_id)
    if (remembered) expect(remembered).toEqual(await store.get(provider, action_id))
    return remembered
  }
  await store.create(action)
  expect(await known()).toBeUndefined()
  const first = await store.get('p', action_id)
  expect(await known()).toEqual(first)
  expect(await known('q')).toBeUndefined()

  const refused = store.transition('p', action_id, () => {
    throw new Error('no')
  })
  await expect(refused).rejects.toThrow('no')
  expect(await known()).toEqual(first)

  await store.transition('p', action_id, (current) => ({
    status: { ...current.document, status: 'SUCCEEDED' },
    release_at: now + 10,
  }))
  expect(await known()).toBeUndefined()
  expect(await store.get('p', action_id)).toMatchObject({ status: 'SUCCEEDED' })
  expect(await known()).toMatchObject({ status: 'SUCCEEDED' })
  now += 10
  expect(await known()).toBeUndefined()
  now -= 10
  expect(await known()).toMatchObject({ status: 'SUCCEEDED' })
  await store.sweepReleased(now + 10, 9)
  expect(await known()).toBeUndefined()
  expect(await store.get('p', action_id)).toBeUndefined()
  await store.close()

  const shared = openSqliteStore(path, { exclusive: false })
  const other = newAction({ provider: 'p' })
  await shared.create(other)
  expect(await shared.get('p', other.action_id)).toBeDefined()
  expect(shared.known?.('p', other.action_id)).toBeUndefined()
  await shared.close()
})

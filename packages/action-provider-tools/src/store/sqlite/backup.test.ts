import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newAction } from '../../store-contract/actions.ts'
import { openSqliteStore } from './store.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a copy that is made while actions come in has all from before, and is a whole store', async () => {
  const store = openSqliteStore(join(folder, 'actions.db'))
  const before = Array.from({ length: 300 }, () => newAction({ provider: 'p', job: true }))
  await Promise.all(before.map((action) => store.create(action)))
  const copy = join(folder, 'copy.db')
  let copied = false
  const copying = store.backUpTo?.(copy).then(() => {
    copied = true
  })
  let during = 0
  while (!copied) {
    await store.create(newAction({ provider: 'p' }))
    during++
  }
  await copying
  await store.close()
  expect(existsSync(`${copy}.partial`)).toBe(false)
  expect(statSync(copy).mode & 0o777).toBe(0o600)

  const restored = openSqliteStore(copy)
  for (const { action_id } of before) expect(await restored.get('p', action_id)).toBeDefined()
  const { actions, waiting } = await restored.count('p')
  expect(actions.ACTIVE).toBeGreaterThanOrEqual(300)
  expect(actions.ACTIVE).toBeLessThanOrEqual(300 + during)
  expect(waiting).toBe(300)
  await restored.close()
})

test('a copy that fails leaves the one before as it was, and one that was cut off is made anew', async () => {
  const store = openSqliteStore(join(folder, 'actions.db'))
  const copy = join(folder, 'copies', 'copy.db')
  await store.backUpTo?.(copy)
  const before = readFileSync(copy)
  await mkdir(`${copy}.partial`)
  await expect(store.backUpTo?.(copy)).rejects.toThrow()
  expect(readFileSync(copy)).toEqual(before)
  await rmdir(`${copy}.partial`)
  await writeFile(`${copy}.partial`, 'of a backup that was cut off')
  await store.backUpTo?.(copy)
  expect(readFileSync(copy)).toEqual(before)
  await store.close()
})

test('a store in memory is not backed up', async () => {
  const store = openSqliteStore(':memory:')
  expect(store.backUpTo).toBeUndefined()
  await store.close()
})

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServiceUnavailable, StoreUnusable } from '../../errors.ts'
import { newAction } from '../../store-contract/actions.ts'
import type { ActionStore } from '../action-store.ts'
import { openDatabase } from './opening.ts'
import { openSqliteStore, sqliteStore } from './store.ts'

let folder: string
let made = 0
const newPath = (): string => join(folder, `${++made}.db`)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-outage-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * Creates actions; returns the ids of those that were acknowledged, and what became of the first that was
 * not.
 */
async function createUntilRefused(
  store: ActionStore,
  limit: number,
): Promise<{ ids: string[]; refusal: unknown }> {
  const ids: string[] = []
  while (ids.length < limit) {
    const batch = Array.from({ length: 8 }, () =>
      newAction({ provider: 'p', job: true, secret: Buffer.alloc(500) }),
    )
    const outcomes = await Promise.allSettled(batch.map((action) => store.create(action)))
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') return { ids, refusal: outcome.reason }
      ids.push(batch[index]?.action_id ?? '')
    }
  }
  return { ids, refusal: undefined }
}

describe('while it runs', () => {
  /** What makes a database unusable, and what ends that. */
  const outages: { name: string; begin: string; end: string; says: RegExp }[] = [
    {
      name: 'full',
      begin: 'PRAGMA max_page_count = 60',
      end: 'PRAGMA max_page_count = 1000000',
      says: /space/,
    },
    { name: 'read-only', begin: 'PRAGMA query_only = 1', end: 'PRAGMA query_only = 0', says: /read-only/ },
  ]

  test.each(outages)(
    'a $name database refuses, loses nothing, and goes on when it can',
    async ({ begin, end, says }) => {
      const path = newPath()
      const database = openDatabase(path)
      const store = sqliteStore(database)
      const { ids: before } = await createUntilRefused(store, 16)
      database.exec(begin)
      const { ids: during, refusal } = await createUntilRefused(store, 5000)
      expect(refusal).toBeInstanceOf(ServiceUnavailable)
      expect(refusal).toMatchObject({ message: expect.stringMatching(says), headers: { 'retry-after': '5' } })
      for (const id of [...before, ...during]) expect(await store.get('p', id)).toBeDefined()

      database.exec(end)
      await store.ping()
      const { ids: after } = await createUntilRefused(store, 64)
      const acknowledged = [...before, ...during, ...after]
      expect(await store.count('p')).toMatchObject({
        actions: { ACTIVE: acknowledged.length },
        waiting: acknowledged.length,
      })
      for (const id of acknowledged) {
        await store.transition('p', id, (current) => ({
          status: { ...current.document, status: 'FAILED' },
        }))
      }
      await store.close()

      const again = openDatabase(path)
      expect(again.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
      again.close()
    },
  )

  test('a database that another process locks refuses to write, and goes on when it can', async () => {
    const path = newPath()
    const store = openSqliteStore(path, { exclusive: false })
    const first = newAction({ provider: 'p' })
    await store.create(first)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.ping()).rejects.toThrow(/locked/)
    await expect(store.create(newAction({ provider: 'p' }))).rejects.toThrow(ServiceUnavailable)
    expect(await store.get('p', first.action_id)).toBeDefined()
    other.exec('ROLLBACK')
    other.close()
    await store.ping()
    await store.close()
  })
})

describe('at the start', () => {
  const opening = (path: string) => (): void => void openSqliteStore(path).close()

  test('makes the folders that a database is in', async () => {
    const path = join(folder, 'new', 'newer', 'x.db')
    expect(opening(path)).not.toThrow()
    expect(statSync(path).isFile()).toBe(true)
  })

  test('a folder is no database', () => {
    mkdirSync(join(folder, 'folder.db'))
    expect(opening(join(folder, 'folder.db'))).toThrow(
      /^The database .*folder.db is a folder: name a file in DATABASE_URL$/,
    )
  })

  test('a file is no folder', () => {
    writeFileSync(join(folder, 'file'), '')
    expect(opening(join(folder, 'file', 'x.db'))).toThrow(
      /cannot be created, .*folder is a file: name another file/,
    )
  })

  test.skipIf(process.getuid?.() === 0)('says when a folder may not be written', () => {
    mkdirSync(join(folder, 'mine'), { mode: 0o500 })
    expect(opening(join(folder, 'mine', 'x.db'))).toThrow(/cannot be written: allow this user/)
  })

  test.each([
    ['a text', Buffer.from('This is no database at all. '.repeat(100))],
    ['noise', Buffer.alloc(20_000, 0xa5)],
  ])('%s is no database, and stays as it is', (_name, content) => {
    const path = newPath()
    writeFileSync(path, content)
    expect(opening(path)).toThrow(StoreUnusable)
    expect(opening(path)).toThrow(/^The database .* is damaged or is not a SQLite database: restore it.*$/)
    expect(readFileSync(path).equals(content)).toBe(true)
  })

  test('another program keeps its database', () => {
    const path = newPath()
    const theirs = new DatabaseSync(path)
    theirs.exec('CREATE TABLE theirs (x)')
    theirs.close()
    expect(opening(path)).toThrow(/belongs to another program/)
  })

  /** Ways in which a file gets damaged. */
  const damages: [string, (path: string, size: number) => void][] = [
    ['cut short', (path, size) => truncateSync(path, Math.floor(size / 2) + 100)],
    ['overwritten', (path, size) => overwrite(path, 4096, size - 4096)],
    ['overwritten at its end', (path, size) => overwrite(path, Math.floor(size / 2), Math.floor(size / 2))],
  ]

  test.each(damages)(
    'a database that was %s refuses, at the start or when it is asked',
    async (_name, damage) => {
      const path = newPath()
      const store = openSqliteStore(path)
      const { ids } = await createUntilRefused(store, 400)
      await store.close()
      damage(path, statSync(path).size)

      let refusals = 0
      try {
        const damaged = openSqliteStore(path)
        for (const id of ids) {
          await (async () => damaged.get('p', id))().catch((error: unknown) => {
            expect(error).toBeInstanceOf(ServiceUnavailable)
            refusals++
          })
        }
        await damaged.close()
      } catch (error) {
        expect(error).toBeInstanceOf(StoreUnusable)
        refusals++
      }
      expect(refusals).toBeGreaterThan(0)
    },
  )

  function overwrite(path: string, from: number, length: number): void {
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(length, 0xa5), 0, length, from)
    closeSync(file)
  }
})

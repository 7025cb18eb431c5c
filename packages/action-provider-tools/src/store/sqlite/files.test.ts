import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ServiceUnavailable, StoreUnusable } from '../../errors.ts'
import { newAction } from '../../store-contract/actions.ts'
import type { ActionStore } from '../action-store.ts'
import { openSqliteStore } from './store.ts'

let folder: string
let made = 0
const newPath = (): string => join(folder, `${++made}.db`)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-files-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Ways in which a file is no longer where it was, and what puts it back. */
const losses: {
  name: string
  suffix: string
  lose: (file: string) => void
  restore?: (file: string) => void
}[] = [
  { name: 'a database is deleted', suffix: '', lose: (file) => rmSync(file) },
  { name: 'its WAL is deleted', suffix: '-wal', lose: (file) => rmSync(file) },
  {
    name: 'it is renamed',
    suffix: '',
    lose: (file) => renameSync(file, `${file}.moved`),
    restore: (file) => renameSync(`${file}.moved`, file),
  },
  {
    name: 'another is put in its place',
    suffix: '',
    lose(file) {
      renameSync(file, `${file}.moved`)
      copyFileSync(`${file}.moved`, file)
    },
    restore: (file) => renameSync(`${file}.moved`, file),
  },
]

test.each(losses)(
  'acknowledges nothing once $name, says so once, and goes on when it is back',
  async ({ suffix, lose, restore }) => {
    const path = newPath()
    const warnings: string[] = []
    const store = openSqliteStore(path, { log: (message) => warnings.push(message) })
    const acknowledged = newAction({ provider: 'p', job: true })
    await store.create(acknowledged)
    lose(path + suffix)
    for (let turn = 0; turn < 3; turn++) {
      await expect(store.create(newAction({ provider: 'p' }))).rejects.toThrow(ServiceUnavailable)
      await expect(store.takeJobs('p', 'worker', 9)).rejects.toThrow(ServiceUnavailable)
      await expect(store.ping()).rejects.toThrow('The database file was moved or replaced; try again later')
      const { provider, request_key, content_hash } = acknowledged
      await expect((async () => store.find(provider, request_key, content_hash))()).rejects.toThrow(
        ServiceUnavailable,
      )
    }
    expect(warnings).toEqual([expect.stringContaining(`${path}${suffix} was deleted, renamed or replaced`)])

    if (restore) {
      restore(path)
      await store.ping()
      const after = newAction({ provider: 'p' })
      await store.create(after)
      await store.close()
      const again = openSqliteStore(path)
      for (const { action_id } of [acknowledged, after]) expect(await again.get('p', action_id)).toBeDefined()
      await again.close()
    } else await store.close()
  },
)

test('acknowledges nothing of a transaction in whose midst the file went', async () => {
  const path = newPath()
  const store = openSqliteStore(path)
  const action = newAction({ provider: 'p' })
  const runInline = () => {
    rmSync(path)
    return { status: { ...action.status, status: 'SUCCEEDED' as const }, attempt: 1, log: [] }
  }
  await expect(store.create({ ...action, runInline })).rejects.toThrow(ServiceUnavailable)
  await store.close()
})

const modeOf = (file: string): number => statSync(file).mode & 0o777

test('its files are its owner’s alone, whether it made them or found them open to others', async () => {
  const path = newPath()
  const check = async (): Promise<void> => {
    const store = openSqliteStore(path)
    await store.ping()
    for (const file of [path, `${path}-wal`]) expect([file, modeOf(file)]).toEqual([file, 0o600])
    await store.close()
  }
  await check()
  chmodSync(path, 0o644)
  await check()
})

test('another program’s database keeps its mode', () => {
  const path = newPath()
  const theirs = new DatabaseSync(path)
  theirs.exec('CREATE TABLE theirs (x)')
  theirs.close()
  chmodSync(path, 0o640)
  expect(() => openSqliteStore(path)).toThrow(StoreUnusable)
  expect(modeOf(path)).toBe(0o640)
})

test('leaves nothing of what was sealed for an action that has ended', async () => {
  const path = newPath()
  const store = openSqliteStore(path)
  const marks = Array.from({ length: 60 }, (_, index) => `sealed token ${index} `.repeat(20))
  const actions = marks.map((mark) => newAction({ provider: 'p', job: true, secret: Buffer.from(mark) }))
  await Promise.all(actions.map((action) => store.create(action)))
  for (const { action_id, status } of actions) {
    await store.transition('p', action_id, () => ({
      status: { ...status, status: 'SUCCEEDED' },
      secret: null,
      job: 'done',
    }))
  }
  await store.close()
  expect(readFileSync(path).includes('sealed token')).toBe(false)
})

test('a damaged WAL loses what was committed from the damage on, and no more', async () => {
  const path = newPath()
  const store = openSqliteStore(path)
  const create = async (count: number): Promise<string[]> => {
    const actions = Array.from({ length: count }, () => newAction({ provider: 'p' }))
    for (const action of actions) await store.create(action)
    return actions.map(({ action_id }) => action_id)
  }
  const before = await create(20)
  const intact = statSync(`${path}-wal`).size
  const after = await create(20)

  // As a crash leaves them: the WAL is not copied back.
  const copy = newPath()
  copyFileSync(path, copy)
  const wal = readFileSync(`${path}-wal`)
  await store.close()
  wal.fill(0xa5, intact, intact + 100)
  writeFileSync(`${copy}-wal`, wal)

  const damaged = openSqliteStore(copy)
  const found = async (ids: string[]): Promise<number> => {
    const actions = await Promise.all(ids.map((id) => damaged.get('p', id)))
    return actions.filter((action) => action !== undefined).length
  }
  expect(await found(before)).toBe(before.length)
  expect(await found(after)).toBe(0)
  await damaged.close()
  expect(existsSync(copy)).toBe(true)
})

test('processes that share a database do not take it for gone when one of them leaves', async () => {
  const path = newPath()
  const stores: ActionStore[] = [1, 2].map(() => openSqliteStore(path, { exclusive: false }))
  const [first, second] = stores
  await first?.create(newAction({ provider: 'p' }))
  await first?.close()
  await second?.create(newAction({ provider: 'p' }))
  await second?.close()
})

import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uuidText } from '../../src/action/keys.ts'
import { openStore } from '../../src/index.ts'
import { writeForCreation } from '../../src/store/changes.ts'
import { exportText } from '../../src/store/moving/export-file.ts'
import type { Moved } from '../../src/store/moving/line.ts'
import { openDatabase } from '../../src/store/sqlite/opening.ts'
import { newAction } from '../../src/store-contract/actions.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'

/** What V8 may keep, in megabytes, and what moves through it: several times as much. */
const HEAP = 48
const ACTIONS = 8_000
const DOCUMENT = 16_384

let folder: string
let made: string
let postgres: TestPostgres

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bounded-'))
  made = join(folder, 'made')
  postgres = await startPostgres()
  const text = exportText('made up', madeUp(), () => {})
  await pipeline(Readable.from(text), createWriteStream(made))
})
afterAll(async () => {
  await postgres?.close()
  await rm(folder, { recursive: true, force: true })
})

async function* madeUp(): AsyncGenerator<Moved> {
  for (let number = 0; number < ACTIONS; number++) {
    const { request_key, content_hash, ...rest } = newAction({ provider: 'one' })
    rest.status.details = { text: 'x'.repeat(DOCUMENT) }
    const { action } = writeForCreation({ ...rest, request_key, content_hash }, 0)
    yield { action, request_key: uuidText(request_key), content_hash, steps: [], delivered: [], log: [] }
  }
}

test('what moves is several times as much as the memory that it moves through', async () => {
  expect((await stat(made)).size).toBeGreaterThan(2 * HEAP * 1_048_576)
  const sqlite = `sqlite:${join(folder, 'x.db')}`
  const url = await postgres.createDatabase('bounded')
  const module = new URL('../../src/store/moving/move.ts', import.meta.url).href
  const source = `const { exportStore, importStore, verifyExport } = await import(${JSON.stringify(module)})
    const [made, sqlite, out, url] = ${JSON.stringify([made, sqlite, join(folder, 'out.gz'), url])}
    await importStore(sqlite, made)
    await exportStore(sqlite, out)
    await importStore(url, out)
    await verifyExport(out, url)`
  const options = ['--conditions=source', `--max-old-space-size=${HEAP}`, '--input-type=module', '-e', source]
  await promisify(execFile)(process.execPath, options)
  const store = await openStore(url)
  expect((await store.count('one')).actions.ACTIVE).toBe(ACTIONS)
  await store.close()
}, 240_000)

// Whoever adds a table or a column to the stores finds here that it does not move yet: the files exporting.ts and importing.ts.
test('every table and column of an action is one that moves', () => {
  const database = openDatabase(':memory:')
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
  expect(tables.map(({ name }) => name)).toEqual([
    'access',
    'actions',
    'counts',
    'events',
    'jobs',
    'log',
    'providers',
    'requests',
    'secrets',
    'steps',
  ])
  const columns = database.prepare("SELECT name FROM pragma_table_info('actions') ORDER BY name").all()
  expect(columns.map(({ name }) => name)).toEqual([
    'action_id',
    'attempt',
    'cancel_requested_at',
    'cancel_requested_by',
    'content_hash',
    'creator_id',
    'deadline_at',
    'document',
    'events',
    'failures',
    'job_key',
    'lease',
    'log_length',
    'manage_by',
    'monitor_by',
    'number',
    'provider',
    'release_at',
    'report',
    'request_key',
    'resumed_by',
    'runs_on',
    'status',
    'version',
    'work_version',
  ])
  database.close()
})

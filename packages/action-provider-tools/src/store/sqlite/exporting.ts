import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { uuidText } from '../../action/keys.ts'
import { StoreUnusable } from '../../errors.ts'
import type { StoredAction } from '../action-store.ts'
import type { Source } from '../moving/dialect.ts'
import { createChunks, type Moved, type MovedAction } from '../moving/line.ts'
import { openingError } from './failures.ts'
import { assertImported, openDatabase } from './opening.ts'
import {
  ACTION_COLUMNS,
  ACTION_ID,
  type ActionRow,
  actionOf,
  CONTENT_HASH,
  NUMBER,
  PROVIDER,
} from './rows.ts'
import { prepare } from './statement.ts'
import { createSteps } from './steps.ts'

/** How many actions one query reads. */
const PAGE = 100

type Beside = readonly [
  request_key: Uint8Array,
  request: string | null,
  secret: Uint8Array | null,
  due_at: number | null,
  lease: number | null,
  job_key: string,
]

/**
 * Opens a database file for export. No other process can use it meanwhile, so that the export is of one
 * moment.
 * @throws StoreUnusable if the file does not exist, or another process has it open
 */
export function openSource(path: string): Source {
  if (!existsSync(path)) throw new StoreUnusable(`There is no database ${path}: name the one to export`)
  const database = openDatabase(path)
  try {
    assertImported(database, path)
    // Sorts long logs on disk, and keeps the cache small: no row is read twice.
    database.exec('PRAGMA temp_store = FILE; PRAGMA cache_size = -16384')
    return { kind: 'sqlite', moving: () => read(database), close: async () => database.close() }
  } catch (error) {
    database.close()
    throw openingError(error, path)
  }
}

async function* read(database: DatabaseSync): AsyncGenerator<Moved> {
  const page = prepare<ActionRow>(
    database,
    `SELECT ${ACTION_COLUMNS} FROM actions WHERE action_id > ? ORDER BY action_id LIMIT ${PAGE}`,
  )
  const selectBeside = prepare<Beside>(
    database,
    `SELECT request_key, request, secret, due_at, jobs.lease, job_key FROM actions LEFT JOIN requests USING (number)
      LEFT JOIN secrets USING (number) LEFT JOIN jobs USING (number) WHERE number = ?`,
  )
  const log = database.prepare('SELECT entry FROM log WHERE number = ? ORDER BY position')
  log.setReturnArrays(true)
  const stepTables = createSteps(database)
  const providers = new Map(prepare<[number, string]>(database, 'SELECT id, name FROM providers').all())

  let after: Uint8Array = new Uint8Array()
  for (let rows = page.all(after); rows.length > 0; rows = page.all(after)) {
    for (const row of rows) {
      const action_id = uuidText(row[ACTION_ID])
      const action = actionOf(row, providers.get(row[PROVIDER]) ?? '', action_id)
      const beside = selectBeside.get(row[NUMBER]) as Beside
      const chunks = createChunks()
      let first = true
      const line = (part: string[]): Moved => {
        if (!first) return { action_id, log: part }
        first = false
        const steps = stepTables.steps(row[NUMBER])
        const delivered = stepTables.events(row[NUMBER])
        return { ...movedOf(action, row[CONTENT_HASH], beside, part), steps, delivered }
      }
      for (const entry of log.iterate(row[NUMBER])) {
        const full = chunks.add((entry as unknown as [string])[0])
        if (full) yield line(full)
      }
      yield line(chunks.rest())
      after = row[ACTION_ID]
    }
  }
}

function movedOf(
  action: StoredAction,
  content_hash: Uint8Array,
  beside: Beside,
  log: string[],
): Omit<MovedAction, 'steps' | 'delivered'> {
  const [request_key, request, secret, due_at, lease, job_key] = beside
  return {
    action,
    request_key: uuidText(request_key),
    content_hash,
    ...(request !== null && { request }),
    ...(secret !== null && { secret }),
    ...(due_at !== null && { job: { due_at: Math.ceil(due_at), lease: lease ?? 0 } }),
    ...(job_key !== '' && { job_key }),
    log,
  }
}

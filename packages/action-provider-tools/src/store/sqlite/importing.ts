import type { DatabaseSync } from 'node:sqlite'
import { uuidBytes } from '../../action/keys.ts'
import { parseTime } from '../../documents/time.ts'
import { StoreUnusable } from '../../errors.ts'
import { STATUSES } from '../codes.ts'
import type { Progress, Target } from '../moving/dialect.ts'
import type { Moved, MovedAction } from '../moving/line.ts'
import { emptyTotals, type Totals } from '../moving/totals.ts'
import { createAccess } from './access.ts'
import { createCounts } from './counts.ts'
import { openDatabase } from './opening.ts'
import { createProviders } from './providers.ts'
import { RECORDED_COLUMNS, recordedValues } from './rows.ts'
import { insertInto, prepare } from './statement.ts'
import { createSteps } from './steps.ts'

/** The progress of an import, in a database that was imported into. */
const IMPORT = `CREATE TABLE IF NOT EXISTS import (
    id INTEGER PRIMARY KEY CHECK (id = 1), export_id TEXT NOT NULL, lines INTEGER NOT NULL, sha256 TEXT NOT NULL, complete INTEGER NOT NULL
  )`

/**
 * Opens a database file for import, or creates it. No other process can use it meanwhile.
 * @throws StoreUnusable if another process has it open
 */
export function openTarget(path: string): Target {
  const database = openDatabase(path)
  database.exec('PRAGMA cache_size = -32768')
  const write = prepareWrite(database)
  const note = ({ export_id, lines, sha256, complete }: Progress): void => {
    database
      .prepare(
        'INSERT OR REPLACE INTO import (id, export_id, lines, sha256, complete) VALUES (1, ?, ?, ?, ?)',
      )
      .run(export_id, lines, sha256, Number(complete))
  }
  const inTransaction = (work: () => void): void => {
    database.exec('BEGIN IMMEDIATE')
    try {
      work()
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  return {
    async progress() {
      const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'import'").get()
      const row = known && database.prepare('SELECT export_id, lines, sha256, complete FROM import').get()
      return row && ({ ...row, complete: row.complete === 1 } as Progress)
    },
    isEmpty: async () => database.prepare('SELECT 1 FROM actions LIMIT 1').get() === undefined,
    async begin(progress) {
      inTransaction(() => {
        database.exec(IMPORT)
        note(progress)
      })
    },
    async write(moving, progress) {
      for (const moved of moving) if ('action' in moved) write.know(moved)
      inTransaction(() => {
        for (const moved of moving) write.one(moved)
        note(progress)
      })
    },
    totals: async () => totals(database),
    async finish(progress) {
      note(progress)
    },
    close: async () => database.close(),
  }
}

/** Prepares the writing of imported lines. Call `know` before the transaction: it adds the provider. */
function prepareWrite(database: DatabaseSync): {
  know: (moved: MovedAction) => void
  one: (moved: Moved) => void
} {
  const providers = createProviders(database)
  const access = createAccess(database)
  const stepTables = createSteps(database)
  const counts = createCounts(database)
  const insertAction = insertInto(database, 'actions', RECORDED_COLUMNS)
  const insertRequest = prepare(database, 'INSERT INTO requests (number, request) VALUES (?, ?)')
  const insertSecret = prepare(database, 'INSERT INTO secrets (number, secret) VALUES (?, ?)')
  const insertJob = prepare(
    database,
    'INSERT INTO jobs (number, provider, due_at, lease, caller, key) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const insertEntry = prepare(database, 'INSERT INTO log (number, time, position, entry) VALUES (?, ?, ?, ?)')
  const find = prepare<[number: number, log_length: number]>(
    database,
    'SELECT number, log_length FROM actions WHERE action_id = ?',
  )
  const lengthen = prepare(database, 'UPDATE actions SET log_length = ? WHERE number = ?')

  function append(number: number, length: number, log: readonly string[]): void {
    for (const [index, entry] of log.entries()) {
      insertEntry.run(number, parseTime((JSON.parse(entry) as { time: string }).time), length + index, entry)
    }
  }

  return {
    know: ({ action }) => void providers.number(action.provider),
    one(moved) {
      if (!('action' in moved)) {
        const [number, length] = find.get(bytesOf(moved.action_id)) ?? []
        if (number === undefined || length === undefined) {
          throw new StoreUnusable(`The export has a log of ${moved.action_id} before that action`)
        }
        append(number, length, moved.log)
        lengthen.run(length + moved.log.length, number)
        return
      }
      const {
        action,
        request_key,
        content_hash,
        request,
        secret,
        job,
        job_key = '',
        steps,
        delivered,
        log,
      } = moved
      const action_id = bytesOf(action.action_id)
      const provider = providers.number(action.provider)
      const number = insertAction(
        recordedValues(
          action,
          { action_id, provider, request_key: bytesOf(request_key), content_hash, job_key },
          log.length,
        ),
      )
      counts.add(provider, action.status, 1)
      if (request !== undefined) insertRequest.run(number, request)
      if (secret !== undefined) insertSecret.run(number, secret)
      if (job !== undefined)
        insertJob.run(number, provider, job.due_at, job.lease, action.creator_id, job_key)
      stepTables.write(number, 0, { steps, events: delivered })
      access.add({ number, provider, action_id }, action)
      append(number, 0, log)
    },
  }
}

function bytesOf(id: string): Uint8Array {
  return uuidBytes(id) as Uint8Array
}

function totals(database: DatabaseSync): Totals {
  const rowsIn = (table: string): number =>
    prepare<[number]>(database, `SELECT count(*) FROM ${table}`).get()?.[0] ?? 0
  const found = emptyTotals()
  const statuses = prepare<[string, number, number]>(
    database,
    'SELECT name, status, actions FROM counts JOIN providers ON id = provider WHERE actions > 0',
  )
  for (const [provider, status, actions] of statuses.all()) {
    const name = STATUSES[status] ?? 'FAILED'
    found.statuses[provider] = { ...found.statuses[provider], [name]: actions }
  }
  return {
    ...found,
    actions: rowsIn('actions'),
    requests: rowsIn('requests'),
    secrets: rowsIn('secrets'),
    jobs: rowsIn('jobs'),
    log_entries: rowsIn('log'),
    steps: rowsIn('steps'),
    events: rowsIn('events'),
  }
}

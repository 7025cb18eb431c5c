import { DatabaseSync } from 'node:sqlite'
import { StoreUnusable } from '../../errors.ts'
import { unfinishedImport } from '../unfinished-import.ts'
import { openingError } from './failures.ts'
import { makeFile, makePrivate } from './files.ts'
import { migrate } from './migrations.ts'

/** A database that ends with the process. */
const MEMORY = ':memory:'

/**
 * How long a statement waits for another process, in milliseconds. At the start the previous process may be
 * about to end; later, a wait blocks everything else in this process.
 */
const BUSY_TIMEOUT = { start: 1_000, later: 250 }

/**
 * Opens or creates a database file with its folders, and updates its schema. Only the owner can read the
 * files.
 *
 * A commit is on disk when it returns (WAL, synchronous=FULL). An exclusive connection locks the file until
 * it is closed or the process ends: no other process can use the file, and reads need not take locks. The
 * write-ahead log is copied back only when it is long, so that many writes of a page become one. Deleted data
 * is overwritten (secure_delete), since it includes sealed tokens.
 *
 * @param path `:memory:` for a database without a file
 * @throws StoreUnusable with one line that says what to do
 */
export function openDatabase(path: string, exclusive = true): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    if (path !== MEMORY) makeFile(path)
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT.start })
    database.exec(`
      PRAGMA locking_mode = ${exclusive ? 'EXCLUSIVE' : 'NORMAL'};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 8000;
      PRAGMA secure_delete = ON;
      PRAGMA cache_size = -65536;
      PRAGMA temp_store = MEMORY`)
    migrate(database, path)
    if (path !== MEMORY) makePrivate(path)
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT.later}`)
    return database
  } catch (error) {
    database?.close()
    throw openingError(error, path)
  }
}

/** @throws StoreUnusable if an import into the database is not complete */
export function assertImported(database: DatabaseSync, path: string): void {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'import'").get()
  if (known === undefined) return
  if (database.prepare('SELECT 1 FROM import WHERE complete = 0').get() !== undefined) {
    throw new StoreUnusable(unfinishedImport(path))
  }
}

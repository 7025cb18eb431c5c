import { DatabaseSync } from 'node:sqlite'
import { StoreUnusable } from '../../errors.ts'
import { unfinishedImport } from '../unfinished-import.ts'
import { openingError } from './failures.ts'
import { makeFile, makePrivate } from './files.ts'
import { migrate } from './migrations.ts'

/** A database that lives and dies with the process. */
const MEMORY = ':memory:'

/**
 * How long a statement waits for another process, in milliseconds: at the start the process before may be
 * about to end; later everything else here waits too.
 */
const PATIENCE = { start: 1_000, later: 250 }

/**
 * Opens a database file, or makes one with the folders it is in, ready to be used.
 *
 * A commit is on disk when it returns (WAL, synchronous=FULL). Being exclusive locks the file until it is
 * closed or the process has ended, however it ended: no other process can use it, and no lock is taken and
 * given back around every read. The write-ahead log is copied back only once it has grown long, which makes
 * one write of many to the same page. What is deleted is overwritten (secure_delete), since sealed tokens are
 * among it. The files are the owner's alone.
 *
 * @param path `:memory:` for one without a file
 * @throws StoreUnusable with one line that says what to do
 */
export function openDatabase(path: string, exclusive = true): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    if (path !== MEMORY) makeFile(path)
    database = new DatabaseSync(path, { timeout: PATIENCE.start })
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
    database.exec(`PRAGMA busy_timeout = ${PATIENCE.later}`)
    return database
  } catch (error) {
    database?.close()
    throw openingError(error, path)
  }
}

/** @throws StoreUnusable where an import into a database has begun and not ended */
export function assertImported(database: DatabaseSync, path: string): void {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'import'").get()
  if (known === undefined) return
  if (database.prepare('SELECT 1 FROM import WHERE complete = 0').get() !== undefined) {
    throw new StoreUnusable(unfinishedImport(path))
  }
}

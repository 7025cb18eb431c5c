import type { DatabaseSync } from 'node:sqlite'
import { StoreUnusable } from '../../errors.ts'

/** Marks a file as ours (sqlite.org/pragma.html#pragma_application_id): the letters GAPT. */
const APPLICATION_ID = 0x47415054

/**
 * What each version adds to the one before; a database's `user_version` counts those it has. What is here never changes.
 *
 * An action has a number, the rowid that all its tables share, which keeps their rows and indexes small. Keys are bytes.
 * Every question has its index, and indexes of what is rare hold only what is rare, so that no cost grows with the number of actions.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE providers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

  CREATE TABLE actions (
    number INTEGER PRIMARY KEY,
    action_id BLOB NOT NULL UNIQUE,
    request_key BLOB NOT NULL UNIQUE,
    content_hash BLOB NOT NULL,
    provider INTEGER NOT NULL,
    status INTEGER NOT NULL,
    version INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    log_length INTEGER NOT NULL,
    creator_id TEXT NOT NULL,
    monitor_by TEXT,
    manage_by TEXT,
    runs_on TEXT,
    cancel_requested_at INTEGER,
    deadline_at INTEGER,
    release_at INTEGER,
    document TEXT NOT NULL
  );
  CREATE INDEX actions_deadline ON actions (provider, deadline_at) WHERE status < 2 AND deadline_at IS NOT NULL;
  CREATE INDEX actions_cancel ON actions (provider, cancel_requested_at)
    WHERE status < 2 AND cancel_requested_at IS NOT NULL;
  CREATE INDEX actions_release ON actions (release_at) WHERE release_at IS NOT NULL;

  CREATE TABLE access (
    provider INTEGER NOT NULL,
    role INTEGER NOT NULL,
    principal BLOB NOT NULL,
    status INTEGER NOT NULL,
    action_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (provider, role, principal, status, action_id)
  ) WITHOUT ROWID;

  CREATE TABLE counts (
    provider INTEGER NOT NULL,
    status INTEGER NOT NULL,
    actions INTEGER NOT NULL,
    PRIMARY KEY (provider, status)
  ) WITHOUT ROWID;

  CREATE TABLE requests (number INTEGER PRIMARY KEY, request TEXT NOT NULL);
  CREATE TABLE secrets (number INTEGER PRIMARY KEY, secret BLOB NOT NULL);

  CREATE TABLE log (
    number INTEGER NOT NULL,
    time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (number, time, position)
  ) WITHOUT ROWID;

  CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    provider INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    taken_by TEXT,
    taken_until INTEGER
  );
  CREATE INDEX jobs_waiting ON jobs (provider, due_at) WHERE taken_by IS NULL;
  CREATE INDEX jobs_taken ON jobs (provider, taken_until) WHERE taken_by IS NOT NULL;`,

  // Each time a job is taken its lease has a higher number; an action knows under which its latest run began, and which
  // report of that run it has seen last.
  `ALTER TABLE jobs RENAME COLUMN taken_by TO holder;
  ALTER TABLE jobs RENAME COLUMN taken_until TO lease_until;
  ALTER TABLE jobs ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE actions ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE actions ADD COLUMN report INTEGER NOT NULL DEFAULT 0;`,

  `ALTER TABLE actions ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE actions ADD COLUMN cancel_requested_by TEXT;
  ALTER TABLE actions ADD COLUMN resumed_by TEXT;`,
]

/**
 * Brings a database to the newest version, whichever it has. What fails leaves it as it was.
 * @param migrations for tests
 * @throws StoreUnusable when it is another program's, or written by a newer version of this one
 */
export function migrate(database: DatabaseSync, path: string, migrations = MIGRATIONS): void {
  const version = pragma(database, 'user_version')
  const isOurs = pragma(database, 'application_id') === APPLICATION_ID
  if (!isOurs && (version > 0 || hasTables(database))) {
    throw new StoreUnusable(
      `The database ${path} belongs to another program: name another file in DATABASE_URL`,
    )
  }
  if (version > migrations.length) {
    throw new StoreUnusable(
      `The database ${path} was written by a newer version of this program (${version}, this one knows ${migrations.length}): upgrade, or name another file in DATABASE_URL`,
    )
  }
  if (version === migrations.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const migration of migrations.slice(pragma(database, 'user_version'))) database.exec(migration)
    database.exec(
      `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}; COMMIT`,
    )
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

function hasTables(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined
}

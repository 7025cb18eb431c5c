import type { DatabaseSync } from 'node:sqlite'
import { StoreUnusable } from '../../errors.ts'
import { VERSIONS } from './schema.ts'

/** Marks a file as this library's (sqlite.org/pragma.html#pragma_application_id): the letters GAPT. */
const APPLICATION_ID = 0x47415054

/**
 * Updates a database to the newest schema version. A failure leaves it as it was.
 * @param migrations other versions, for tests
 * @throws StoreUnusable if another program, or a newer version of this one, wrote the database
 */
export function migrate(database: DatabaseSync, path: string, migrations = VERSIONS): void {
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

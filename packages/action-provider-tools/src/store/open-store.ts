import { StoreUnusable } from '../errors.ts'
import type { ActionStore, StoreOptions } from './action-store.ts'

const SQLITE = 'sqlite:'
const POSTGRES = /^postgres(ql)?:\/\//

/**
 * Opens the store that a URL names. Only the code of that kind of database is loaded. PostgreSQL needs the
 * optional package `pg`.
 *
 * @param url `sqlite:PATH`, `sqlite::memory:`, or `postgres://…` as PostgreSQL defines it
 * @throws StoreUnusable with one line that says what to do, without the password
 * @example await openStore('sqlite:data/actions.db')
 */
export function openStore(url: string, options: StoreOptions = {}): Promise<ActionStore> {
  return byUrl(url, {
    sqlite: async (path) => (await import('./sqlite/store.ts')).openSqliteStore(path, options),
    postgres: async () => (await import('./postgres/store.ts')).openPostgresStore(url, options),
  })
}

/**
 * Calls the function for the kind of database that a URL names.
 * @throws StoreUnusable if the URL names none, or if a package is missing
 */
export async function byUrl<T>(
  url: string,
  kinds: { sqlite: (path: string) => Promise<T>; postgres: () => Promise<T> },
): Promise<T> {
  if (url.startsWith(SQLITE) && url.length > SQLITE.length) return kinds.sqlite(url.slice(SQLITE.length))
  if (POSTGRES.test(url)) return kinds.postgres().catch(explainMissingPackage)
  throw new StoreUnusable(
    'The database URL is neither sqlite:PATH nor postgres://…: correct DATABASE_URL, for example DATABASE_URL=sqlite:data/actions.db',
  )
}

function explainMissingPackage(error: unknown): never {
  if (error instanceof Error && /package 'pg'/.test(error.message)) {
    throw new StoreUnusable('PostgreSQL needs a package that is not installed: npm install pg', {
      cause: error,
    })
  }
  throw error
}

import { DatabaseError } from 'pg'
import {
  ActionProviderError,
  ActionProviderToolsError,
  ServiceUnavailable,
  StoreUnusable,
} from '../../errors.ts'

/**
 * SQLSTATE codes of an outage, or their first two characters for a whole class (PostgreSQL documentation,
 * appendix A).
 */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  '08', // connection exception
  '25006', // read-only transaction: a standby, or a server told to be read-only
  '25P03', // idle in transaction for too long
  '25P04', // transaction for too long
  '28', // the password was changed, or access withdrawn
  '3D', // the database is gone
  '40', // serialization failure or deadlock, again and again
  '53', // disk full, out of memory, too many connections
  '55P03', // lock not available in time
  '57', // shut down, starting up, statement canceled or timed out
  '58', // input or output failed
])

/** Whether a transaction failed only because it collided with another one: it may be tried again. */
export function isCollision(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '40001' || error.code === '40P01')
}

/** Messages of the driver about connections; these errors have no code. */
const CONNECTION_TROUBLE =
  /^Connection terminated|^timeout exceeded when trying to connect|^timeout expired|^Query read timeout|not queryable|^Cannot use a pool after calling end|^Client was closed/

/** Converts an error to the one that the store's method rejects with. */
export function storeError(error: unknown): ActionProviderToolsError {
  if (error instanceof ActionProviderToolsError) return error
  return isUnavailable(error)
    ? new ServiceUnavailable('The database cannot be used at the moment; try again later', {
        cause: error,
        retryAfter: 5,
      })
    : new ActionProviderError(undefined, { cause: error })
}

function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const code = error.code ?? ''
    return UNAVAILABLE.has(code) || UNAVAILABLE.has(code.slice(0, 2))
  }
  return (
    error instanceof Error &&
    ('syscall' in error || isRefused(error) || CONNECTION_TROUBLE.test(error.message))
  )
}

/** A host with several addresses fails with all of their errors in one. */
function isRefused(error: Error): boolean {
  return (
    error instanceof AggregateError && error.errors.some((each) => each instanceof Error && 'syscall' in each)
  )
}

/** The database's address for messages, without the password. */
export type Place = { host: string; port: number; database: string; user: string }

/** Why a database cannot be opened and what to do, in one line without the password. */
export function openingError(error: unknown, place: Place): StoreUnusable {
  if (error instanceof StoreUnusable) return error
  const where = `PostgreSQL at ${place.host}:${place.port}`
  const code = (error as { code?: unknown } | null)?.code
  return new StoreUnusable(`${where} ${reason(String(code), place)}`, { cause: error })

  function reason(code: string, { user, database }: Place): string {
    switch (code) {
      case '28P01':
        return `refuses the password of user "${user}": correct it in the database URL`
      case '28000':
        return `does not let user "${user}" in: correct the user in the database URL, or allow it in pg_hba.conf`
      case '3D000':
        return `has no database "${database}": create it, or correct its name in the database URL`
      case '42501':
        return `does not let user "${user}" create the schema action_provider in database "${database}": GRANT CREATE ON DATABASE "${database}" TO "${user}"`
      case '25006':
        return 'is read-only: name the primary server in the database URL'
      case '53300':
        return 'has no connection left: raise max_connections, or lower the pool size'
      case '57P03':
        return 'is starting up or shutting down: start again when it is ready'
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return 'cannot be found, because its host name has no address: correct the host in the database URL'
      default:
        return isUnavailable(error)
          ? 'cannot be reached: start it, or correct host and port in the database URL'
          : `cannot be used: ${firstLine(error)}`
    }
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}

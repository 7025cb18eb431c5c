import {
  ActionProviderError,
  ActionProviderToolsError,
  ServiceUnavailable,
  StoreUnusable,
} from '../../errors.ts'

/** Primary result codes of an outage (sqlite.org/rescode.html), in words. */
const UNAVAILABLE: Readonly<Record<number, string>> = {
  3: 'may not be used by this user', // PERM
  5: 'is locked by another process', // BUSY
  6: 'is locked', // LOCKED
  7: 'has no memory left', // NOMEM
  8: 'is read-only', // READONLY
  9: 'was interrupted', // INTERRUPT
  10: 'cannot be read or written', // IOERR
  11: 'is damaged', // CORRUPT
  13: 'has no space left', // FULL
  14: 'cannot be opened', // CANTOPEN
  15: 'is locked by another process', // PROTOCOL
  26: 'is damaged', // NOTADB
}
const BUSY = 5
const READ_ONLY = 8
const CORRUPT = 11
const CANNOT_OPEN = 14
const NOT_A_DATABASE = 26

/** The primary result code of an error from SQLite. */
function resultCode(error: unknown): number | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined
}

/** Whether the database itself is unusable: full, locked, damaged or closed. */
export function isOutage(error: unknown): boolean {
  const code = resultCode(error)
  return code === undefined ? isClosed(error) : code in UNAVAILABLE
}

function isClosed(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_INVALID_STATE'
}

/** Converts an error to the one that the store's method rejects with. */
export function storeError(error: unknown): ActionProviderToolsError {
  if (error instanceof ActionProviderToolsError) return error
  if (!isOutage(error)) return new ActionProviderError(undefined, { cause: error })
  const why = UNAVAILABLE[resultCode(error) ?? -1] ?? 'is closed'
  return new ServiceUnavailable(`The database ${why}; try again later`, { cause: error })
}

/** Why a database cannot be opened and what to do, in one line. */
export function openingError(error: unknown, path: string): StoreUnusable {
  if (error instanceof StoreUnusable) return error
  return new StoreUnusable(`The database ${path} ${reason(error)}`, { cause: error })
}

function reason(error: unknown): string {
  switch (resultCode(error) ?? (error as NodeJS.ErrnoException | null)?.code) {
    case BUSY:
      return 'is in use by another process: stop that process, or name another file in DATABASE_URL'
    case CORRUPT:
    case NOT_A_DATABASE:
      return 'is damaged or is not a SQLite database: restore it from a backup, or move it away to begin a new one'
    case READ_ONLY:
    case CANNOT_OPEN:
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'cannot be written: allow this user to write it and the folder it is in, or name another file in DATABASE_URL'
    case 'EEXIST':
    case 'ENOTDIR':
      return 'cannot be created, because its folder is a file: name another file in DATABASE_URL'
    default:
      return `cannot be used: ${error instanceof Error ? error.message : String(error)}`
  }
}

import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ServiceUnavailable, StoreUnusable } from '../../errors.ts'

/** Only the owner may read the files: they contain requests, results and sealed tokens. */
const PRIVATE = 0o600

/**
 * Creates the file of a database, with its folders, if it is missing. SQLite gives its WAL file the same
 * mode.
 * @throws StoreUnusable if the path is a folder
 */
export function makeFile(path: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true })
  const present = statSync(path, { throwIfNoEntry: false })
  if (present?.isDirectory()) {
    throw new StoreUnusable(`The database ${path} is a folder: name a file in DATABASE_URL`)
  }
  // An existing file is not opened: closing it would release the locks that this process has on it.
  if (present === undefined) closeSync(openSync(path, 'a', PRIVATE))
}

/** Denies other users access to the files of a database. */
export function makePrivate(path: string): void {
  for (const file of filesOf(path)) {
    try {
      chmodSync(file, PRIVATE)
    } catch {
      // The file is missing, or belongs to another user, who decides.
    }
  }
}

/**
 * Returns a function that throws ServiceUnavailable if a file of the open database was deleted, renamed or
 * replaced. SQLite does not notice that, and goes on writing to a file that no process will find again.
 * @param warn called once for each loss
 */
export function watchFiles(path: string, warn: (message: string) => void): () => void {
  const known = filesOf(path).map((file) => ({ file, inode: inodeOf(file) }))
  let isReported = false
  return () => {
    const lost = known.find(({ file, inode }) => inodeOf(file) !== inode)
    if (lost === undefined) {
      isReported = false
      return
    }
    const reason = `The file ${lost.file} was deleted, renamed or replaced: put it back, or restart to use the file that is there now`
    if (!isReported) warn(reason)
    isReported = true
    throw new ServiceUnavailable('The database file was moved or replaced; try again later', {
      cause: new Error(reason),
    })
  }
}

/** The database file and its write-ahead log. */
function filesOf(path: string): string[] {
  return [path, `${path}-wal`]
}

/** Identifies a file regardless of its name; `undefined` if there is none. */
function inodeOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}

import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ServiceUnavailable, StoreUnusable } from '../../errors.ts'

/** Only the owner reads and writes: requests, results and sealed tokens are in it. */
const PRIVATE = 0o600

/**
 * Makes the file of a database, with its folders, where it is missing. SQLite gives its WAL the mode of the
 * file.
 * @throws StoreUnusable where the path is a folder's
 */
export function makeFile(path: string): void {
  mkdirSync(dirname(resolve(path)), { recursive: true })
  const present = statSync(path, { throwIfNoEntry: false })
  if (present?.isDirectory()) {
    throw new StoreUnusable(`The database ${path} is a folder: name a file in DATABASE_URL`)
  }
  // A file that is there is not opened: closing it again would give up the locks that this process has on it.
  if (present === undefined) closeSync(openSync(path, 'a', PRIVATE))
}

/** Takes the right to read and write its files from all but their owner. */
export function makePrivate(path: string): void {
  for (const file of filesOf(path)) {
    try {
      chmodSync(file, PRIVATE)
    } catch {
      // It is not there, or another user's, who decides.
    }
  }
}

/**
 * Notes where the files of an open database are. The function that it returns throws ServiceUnavailable once
 * one of them was deleted, renamed or replaced: SQLite does not notice, and goes on writing to a file that no
 * process will find again.
 * @param warn told once each time that they go astray
 */
export function watchFiles(path: string, warn: (message: string) => void): () => void {
  const known = filesOf(path).map((file) => ({ file, inode: inodeOf(file) }))
  let astray = false
  return () => {
    const lost = known.find(({ file, inode }) => inodeOf(file) !== inode)
    if (lost === undefined) {
      astray = false
      return
    }
    const reason = `The file ${lost.file} was deleted, renamed or replaced: put it back, or restart to begin with what is there`
    if (!astray) warn(reason)
    astray = true
    throw new ServiceUnavailable('The database is not where it was; try again later', {
      cause: new Error(reason),
    })
  }
}

/** The database, and what was committed to it lately. */
function filesOf(path: string): string[] {
  return [path, `${path}-wal`]
}

/** What a file is known by, whatever it is called; `undefined` where there is none. */
function inodeOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}

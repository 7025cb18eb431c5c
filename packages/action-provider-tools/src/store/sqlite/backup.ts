import { renameSync, rmSync } from 'node:fs'
import { backup, type DatabaseSync } from 'node:sqlite'
import { makeFile } from './files.ts'

/**
 * Copies an open database to a file, as of one moment, while it is in use. Only the owner can read the file.
 * It replaces an older file once it is complete.
 */
export async function backUpTo(database: DatabaseSync, path: string): Promise<void> {
  const partial = `${path}.partial`
  rmSync(partial, { force: true })
  makeFile(partial)
  await backup(database, partial)
  renameSync(partial, path)
}

import { renameSync, rmSync } from 'node:fs'
import { backup, type DatabaseSync } from 'node:sqlite'
import { makeFile } from './files.ts'

/**
 * Copies an open database to a file, as it is at one moment, while it goes on to be used. The file is the
 * owner's alone, and is there whole or not at all: what was there before stays until then.
 */
export async function backUpTo(database: DatabaseSync, path: string): Promise<void> {
  const partial = `${path}.partial`
  rmSync(partial, { force: true })
  makeFile(partial)
  await backup(database, partial)
  renameSync(partial, path)
}

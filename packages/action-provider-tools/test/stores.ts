import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionStore, openStore } from '../src/index.ts'

/** A database of its own, which can be opened again after it was closed. */
export type TestDatabase = {
  open: (options?: { clock?: () => number }) => Promise<ActionStore>
  drop: () => Promise<void>
}

/** The databases on which everything must work the same. */
export const storesForTest: { name: string; create: () => Promise<TestDatabase> }[] = [
  {
    name: 'SQLite',
    async create() {
      const folder = await mkdtemp(join(tmpdir(), 'action-provider-'))
      return {
        open: (options) => openStore(`sqlite:${join(folder, 'actions.db')}`, options),
        drop: () => rm(folder, { recursive: true, force: true }),
      }
    },
  },
]

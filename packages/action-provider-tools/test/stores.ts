import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionStore, openStore } from '../src/index.ts'
import type { StoreOptions } from '../src/store/action-store.ts'
import { startPostgres } from './postgres.ts'

/** A database of its own, which can be opened again after it was closed. */
export type TestDatabase = { open: (options?: StoreOptions) => Promise<ActionStore> }

/** A kind of database, and what makes one after another. */
export type TestStores = { create: () => Promise<TestDatabase>; close: () => Promise<void> }

/** The kinds of database on which everything must work the same. */
export const storesForTest: { name: string; start: () => Promise<TestStores> }[] = [
  {
    name: 'SQLite',
    async start() {
      const folder = await mkdtemp(join(tmpdir(), 'action-provider-'))
      let made = 0
      return {
        async create() {
          const url = `sqlite:${join(folder, `${++made}.db`)}`
          return { open: (options) => openStore(url, options) }
        },
        close: () => rm(folder, { recursive: true, force: true }),
      }
    },
  },
  {
    name: 'PostgreSQL',
    async start() {
      const server = await startPostgres()
      let made = 0
      return {
        async create() {
          const url = await server.createDatabase(`test_${++made}`)
          return { open: (options) => openStore(url, options) }
        },
        close: server.close,
      }
    },
  },
]

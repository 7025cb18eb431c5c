import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeActionStore } from '../contract.ts'
import { openSqliteStore } from './sqlite-store.ts'

describeActionStore('SQLite', async (options) => {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-store-'))
  const store = openSqliteStore(join(folder, 'actions.db'), options)
  return {
    store,
    async close() {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})

describeActionStore('SQLite in memory', async (options) => {
  const store = openSqliteStore(':memory:', options)
  return { store, close: () => store.close() }
})

describeActionStore('SQLite shared by processes', async (options) => {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-store-'))
  const opened = [openSqliteStore(join(folder, 'actions.db'), { ...options, exclusive: false })]
  return {
    store: opened[0] as (typeof opened)[0],
    async close() {
      for (const store of opened) await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})

import { afterAll, beforeAll } from 'vitest'
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts'
import { describeActionStore } from '../../store-contract/index.ts'
import type { ActionStore, StoreOptions } from '../action-store.ts'
import { openPostgresStore } from './store.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())

describeActionStore('PostgreSQL', async (options: StoreOptions = {}) => {
  const stores: ActionStore[] = []
  const another = async (): Promise<ActionStore> => {
    const store = await openPostgresStore(postgres.url, { ...options, poolSize: 4 })
    stores.push(store)
    return store
  }
  return {
    store: await another(),
    another,
    close: async () => {
      await Promise.all(stores.map((store) => store.close()))
    },
  }
})

import { openStore } from 'action-provider-tools'
import { describeActionStore, type OpenStore } from 'action-provider-tools/store-contract'

const open: OpenStore = async (options) => {
  const store = await openStore('sqlite::memory:', options)
  return { store, close: () => store.close() }
}

describeActionStore('SQLite in memory', open)

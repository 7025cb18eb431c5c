import type { ActionStore, ListQuery, NewAction, StoredAction, StoreOptions } from '../store/action-store.ts'
import { STATUSES } from '../store/codes.ts'
import { ALICE, pick } from './actions.ts'

/** A store that was opened for tests. */
export type OpenedStore = {
  store: ActionStore
  /** Opens one more instance on the same database, if the store allows several. */
  another?: () => Promise<ActionStore>
  /** Closes the store and every other one that `another` opened. */
  close: () => Promise<void>
}

/** Opens a store on an empty database, or on one that other tests use too. */
export type OpenStore = (options?: StoreOptions) => Promise<OpenedStore>

/** The store under test, with the common steps of its tests. */
export type Suite = {
  readonly open: OpenStore
  readonly store: ActionStore
  /** As many instances as the store allows, at least one. */
  readonly stores: readonly ActionStore[]
  start: () => Promise<void>
  close: () => Promise<void>
  /** Does something many times at once, on all instances in turn. */
  atOnce: <T>(times: number, act: (store: ActionStore, index: number) => Promise<T>) => Promise<T[]>
  /** Records an action, and fails if it exists already. */
  creation: (newAction: NewAction) => Promise<StoredAction>
  /** The ids of Alice's actions, or of those that a query asks for. */
  listed: (provider: string, query?: Partial<ListQuery>) => Promise<string[]>
  /** All that any method shows of an action. */
  traces: (provider: string, actionId: string) => Promise<unknown[]>
}

export function createSuite(open: OpenStore): Suite {
  let opened: OpenedStore | undefined
  let stores: ActionStore[] = []

  const suite: Suite = {
    open,
    get store() {
      return pick(stores, 0)
    },
    get stores() {
      return stores
    },
    async start() {
      opened = await open()
      stores = opened.another ? [opened.store, await opened.another()] : [opened.store]
    },
    async close() {
      await opened?.close()
    },
    atOnce: (times, act) =>
      Promise.all(Array.from({ length: times }, (_, index) => act(pick(stores, index), index))),
    async creation(newAction) {
      const created = await suite.store.create(newAction)
      if (created.outcome !== 'created') throw new Error(`Expected a new action, but: ${created.outcome}`)
      return created.action
    },
    async listed(provider, query = {}) {
      const all = { principals: { creator_id: [ALICE] }, statuses: STATUSES, limit: 1000 }
      return (await suite.store.list(provider, { ...all, ...query })).map(({ action_id }) => action_id)
    },
    async traces(provider, actionId) {
      const { store, listed } = suite
      const found = [
        await store.get(provider, actionId),
        await store.getWork(provider, actionId),
        await store.getSecret(provider, actionId),
        await store.transition(provider, actionId, () => ({ attempt: 99 })),
        ...((await store.readLog(provider, actionId, { limit: 9, newestFirst: false }))?.entries ?? []),
        ...(await listed(provider)).filter((each) => each === actionId),
      ]
      return found.filter((each) => each !== undefined)
    },
  }
  return suite
}

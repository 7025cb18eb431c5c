import type { ActionStore } from '../store/action-store.ts'

/** The methods of a store that ask something of the database. */
export type StoreMethod = Exclude<
  keyof ActionStore,
  'kind' | 'system' | 'remote' | 'leaseSeconds' | 'now' | 'known' | 'subscribe' | 'close'
>

/** What is done around each call; it gives what the call gives, at once or later. */
export type Around = (method: StoreMethod, call: () => unknown) => unknown

const METHODS = Object.keys({
  create: true,
  get: true,
  find: true,
  getRequest: true,
  getSecret: true,
  transition: true,
  list: true,
  readLog: true,
  sweepReleased: true,
  overdue: true,
  cancelsSince: true,
  takeJobs: true,
  keepJobs: true,
  returnJobs: true,
  namespaces: true,
  count: true,
  ping: true,
} satisfies Record<StoreMethod, true>) as StoreMethod[]

/** A store each call of which goes through `around`. What it has at once it still has at once. */
export function seenStore(store: ActionStore, around: Around): ActionStore {
  const rest: Omit<ActionStore, StoreMethod> = {
    kind: store.kind,
    system: store.system,
    remote: store.remote,
    leaseSeconds: store.leaseSeconds,
    now: store.now.bind(store),
    ...(store.known && { known: store.known.bind(store) }),
    subscribe: (provider, listener) => store.subscribe(provider, listener),
    close: () => store.close(),
  }
  const seen = METHODS.map((method) => {
    const ask = store[method].bind(store) as (...given: unknown[]) => unknown
    return [method, (...given: unknown[]) => around(method, () => ask(...given))] as const
  })
  return { ...rest, ...(Object.fromEntries(seen) as Pick<ActionStore, StoreMethod>) }
}

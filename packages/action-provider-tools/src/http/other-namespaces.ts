import type { Logger } from '../log.ts'
import type { ActionStore } from '../store/action-store.ts'

/**
 * Warns where a store has actions of other providers only: a provider without a `namespace` that was renamed
 * does not find its actions. Providers that are served beside it do not count.
 */
export async function warnOfOtherNamespaces(
  namespace: string,
  served: ReadonlySet<string>,
  store: ActionStore,
  log: Logger,
): Promise<void> {
  const held = await namespacesOf(store)
  const others = held.filter((other) => !served.has(other))
  if (held.includes(namespace) || others.length === 0) return
  const names = others.map((other) => `'${other}'`).join(', ')
  log.warn(
    `The database has no actions of '${namespace}', but it has some of ${names}: if you have renamed this provider, define it with namespace: '${others[0]}' to have them again`,
  )
}

/** A database that cannot be reached is reported elsewhere. */
async function namespacesOf(store: ActionStore): Promise<string[]> {
  try {
    return await store.namespaces()
  } catch {
    return []
  }
}

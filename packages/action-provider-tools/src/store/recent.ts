import { LRUCache } from 'lru-cache'
import type { StoredAction } from './action-store.ts'

/**
 * Caches actions that were read or changed lately. An entry is current as long as nobody else writes to the
 * database.
 */
export type Recent = {
  get: (actionId: string) => StoredAction | undefined
  keep: (action: StoredAction) => void
  /** Call it before an action is changed or removed. */
  forget: (actionId: string) => void
}

/** The size of the cache: actions, and their characters. */
const LIMITS = { actions: 10_000, characters: 8 * 1024 * 1024 }

/** The size of an action's other fields, in characters. */
const OTHER_FIELDS = 500

export function createRecent(): Recent {
  const actions = new LRUCache<string, StoredAction>({
    max: LIMITS.actions,
    maxSize: LIMITS.characters,
    sizeCalculation: ({ document, monitor_by, manage_by }) =>
      OTHER_FIELDS + document.length + 50 * (monitor_by.length + manage_by.length),
  })
  return {
    get: (actionId) => actions.get(actionId),
    keep: (action) => void actions.set(action.action_id, action),
    forget: (actionId) => void actions.delete(actionId),
  }
}

/** Caches nothing, for a database that other processes write to. */
export const NOTHING_RECENT: Recent = { get: () => undefined, keep: () => {}, forget: () => {} }

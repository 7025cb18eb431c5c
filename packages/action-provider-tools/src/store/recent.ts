import { LRUCache } from 'lru-cache'
import type { StoredAction } from './action-store.ts'

/**
 * Actions that were asked for or changed just now, as they were in the database then: as they are, while
 * nobody else writes to it.
 */
export type Recent = {
  get: (actionId: string) => StoredAction | undefined
  keep: (action: StoredAction) => void
  /** An action changes, or is removed. */
  forget: (actionId: string) => void
}

/** How much of them is kept: actions, and characters of what is known of each. */
const MOST = { actions: 10_000, characters: 8 * 1024 * 1024 }

/** What the rest of an action takes beside its document and its lists, in characters. */
const REST = 500

export function createRecent(): Recent {
  const actions = new LRUCache<string, StoredAction>({
    max: MOST.actions,
    maxSize: MOST.characters,
    sizeCalculation: ({ document, monitor_by, manage_by }) =>
      REST + document.length + 50 * (monitor_by.length + manage_by.length),
  })
  return {
    get: (actionId) => actions.get(actionId),
    keep: (action) => void actions.set(action.action_id, action),
    forget: (actionId) => void actions.delete(actionId),
  }
}

/** Nothing is kept where others write too. */
export const NOTHING_RECENT: Recent = { get: () => undefined, keep: () => {}, forget: () => {} }

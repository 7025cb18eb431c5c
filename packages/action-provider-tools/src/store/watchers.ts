import type { ActionNews } from './action-store.ts'

/** The listeners of this instance, by action. */
export type Watchers = {
  watch: (actionId: string, listener: (news: ActionNews) => void) => () => void
  /** Calls the listeners of an action. */
  notify: (actionId: string, news: ActionNews) => void
  /** The actions that have listeners. */
  watched: () => Iterable<string>
  has: (actionId: string) => boolean
}

/** @param report receives the errors of listeners: the change is committed, so they must not reject it */
export function createWatchers(report: (error: unknown) => void): Watchers {
  const listeners = new Map<string, Set<(news: ActionNews) => void>>()
  return {
    watch(actionId, listener) {
      const own = listeners.get(actionId) ?? new Set()
      listeners.set(actionId, own.add(listener))
      return () => {
        own.delete(listener)
        if (own.size === 0 && listeners.get(actionId) === own) listeners.delete(actionId)
      }
    },
    notify(actionId, news) {
      for (const listener of listeners.get(actionId) ?? []) {
        try {
          listener(news)
        } catch (error) {
          report(error)
        }
      }
    },
    watched: () => listeners.keys(),
    has: (actionId) => listeners.has(actionId),
  }
}

import type { ActionNews } from './action-store.ts'

/** Who watches which action on this instance. */
export type Watchers = {
  watch: (actionId: string, listener: (news: ActionNews) => void) => () => void
  /** Tells those who watch an action. */
  tell: (actionId: string, news: ActionNews) => void
  /** The actions that anybody watches. */
  watched: () => Iterable<string>
  has: (actionId: string) => boolean
}

/** @param report is told what a listener throws: the change is made, whatever becomes of the news */
export function createWatchers(report: (error: unknown) => void): Watchers {
  const listeners = new Map<string, Set<(news: ActionNews) => void>>()
  return {
    watch(actionId, listener) {
      const present = listeners.get(actionId) ?? new Set()
      listeners.set(actionId, present.add(listener))
      return () => {
        present.delete(listener)
        if (present.size === 0 && listeners.get(actionId) === present) listeners.delete(actionId)
      }
    },
    tell(actionId, news) {
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

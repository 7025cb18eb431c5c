import type { ActionNews } from '../action-store.ts'
import { createWatchers } from '../watchers.ts'

/** The messages between instances about watched actions. */
export type WatchMessage =
  /** The sender watches these actions for a while. */
  | { watch: readonly string[] }
  /** These actions were changed; `true` if their log may have new entries. */
  | { changed: Readonly<Record<string, boolean>> }

/** The watched actions, on this instance and others. */
export type Watches = {
  watch: (actionId: string, listener: (news: ActionNews) => void) => () => void
  /**
   * Reports a change that this instance made: to its own listeners at once, and to other instances if any of
   * them watches the action.
   */
  notify: (actionId: string, news: ActionNews) => void
  receive: (message: WatchMessage) => void
  /** Call it when messages can be received again: earlier ones were missed. */
  reconnected: () => void
  close: () => void
}

/** How long an action is watched before other instances are told, in milliseconds: most waits end earlier. */
const ANNOUNCE = 200

/** How often a watch is announced again, and how long other instances keep it, in milliseconds. */
const RENEW = 10_000
const WATCH_LIFETIME = 25_000

/** The most actions of a message: a notification is limited to 8,000 bytes. */
const MOST_IDS = 100

/**
 * Each notification slows down a commit, so instances announce which actions they watch, and only changes of
 * those are sent.
 * @param send sends a message to all instances; it may be lost
 */
export function createWatches(
  send: (message: WatchMessage) => void,
  report: (error: unknown) => void,
): Watches {
  const watchers = createWatchers(report)
  /** When other instances' watch of an action ends, by `performance.now()`. */
  const watchedElsewhere = new Map<string, number>()
  const unannounced = new Set<string>()
  let changed = new Map<string, boolean>()
  let announcing: NodeJS.Timeout | undefined

  function announce(ids: Iterable<string>): void {
    for (const some of inChunks([...ids].filter(watchers.has))) send({ watch: some })
  }

  function sendChanges(): void {
    const batch = changed
    changed = new Map()
    for (const some of inChunks([...batch])) send({ changed: Object.fromEntries(some) })
  }

  const renewing = setInterval(() => {
    const now = performance.now()
    for (const [actionId, until] of watchedElsewhere) if (until < now) watchedElsewhere.delete(actionId)
    announce(watchers.watched())
  }, RENEW).unref()

  return {
    watch(actionId, listener) {
      if (!watchers.has(actionId)) unannounced.add(actionId)
      announcing ??= setTimeout(() => {
        announcing = undefined
        announce(unannounced)
        unannounced.clear()
      }, ANNOUNCE).unref()
      return watchers.watch(actionId, listener)
    },
    notify(actionId, news) {
      watchers.notify(actionId, news)
      if ((watchedElsewhere.get(actionId) ?? 0) < performance.now()) return
      // Changes of the same moment share a message.
      if (changed.size === 0) setImmediate(sendChanges)
      changed.set(actionId, news.logged || changed.get(actionId) === true)
    },
    receive(message) {
      if ('watch' in message) {
        const until = performance.now() + WATCH_LIFETIME
        for (const actionId of message.watch) watchedElsewhere.set(actionId, until)
      } else {
        for (const [actionId, logged] of Object.entries(message.changed))
          watchers.notify(actionId, { logged })
      }
    },
    reconnected() {
      announce(watchers.watched())
      for (const actionId of [...watchers.watched()]) watchers.notify(actionId, { logged: true })
    },
    close() {
      clearTimeout(announcing)
      clearInterval(renewing)
    },
  }
}

function inChunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / MOST_IDS) }, (_, part) =>
    items.slice(part * MOST_IDS, (part + 1) * MOST_IDS),
  )
}

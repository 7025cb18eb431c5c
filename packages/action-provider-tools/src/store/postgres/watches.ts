import type { ActionNews } from '../action-store.ts'
import { createWatchers } from '../watchers.ts'

/** What instances tell each other of actions that are watched. */
export type WatchMessage =
  /** The sender watches these actions for a while. */
  | { watch: readonly string[] }
  /** These actions were changed, and whether their logs have more entries. */
  | { changed: Readonly<Record<string, boolean>> }

/** Who watches which action, here and on other instances. */
export type Watches = {
  watch: (actionId: string, listener: (news: ActionNews) => void) => () => void
  /**
   * Tells of a change that was made here: who watches here at once, and other instances only where one
   * watches.
   */
  tell: (actionId: string, news: ActionNews) => void
  hear: (message: WatchMessage) => void
  /** Called when others can be heard again: what they told meanwhile was missed. */
  reconnected: () => void
  close: () => void
}

/**
 * How long an action is watched before other instances are told, in milliseconds: most requests that wait for
 * an action have their answer before.
 */
const ANNOUNCE = 200

/** How often they are told again, and for how long they go by it, in milliseconds. */
const RENEW = 10_000
const LIFE = 25_000

/** How many actions a message names: a notification holds less than 8,000 bytes. */
const MOST = 100

/**
 * Notifications cost every commit that has one, so that nobody notifies of actions that nobody watches: an
 * instance says which it watches, and hears of those alone.
 * @param send tells all instances; what it cannot send is lost
 */
export function createWatches(
  send: (message: WatchMessage) => void,
  report: (error: unknown) => void,
): Watches {
  const watchers = createWatchers(report)
  /** When others no longer watch an action, by `performance.now()`. */
  const elsewhere = new Map<string, number>()
  const unannounced = new Set<string>()
  let changed = new Map<string, boolean>()
  let announcing: NodeJS.Timeout | undefined

  function announce(ids: Iterable<string>): void {
    for (const some of inParts([...ids].filter(watchers.has))) send({ watch: some })
  }

  function tellOthers(): void {
    const told = changed
    changed = new Map()
    for (const some of inParts([...told])) send({ changed: Object.fromEntries(some) })
  }

  const renewing = setInterval(() => {
    const now = performance.now()
    for (const [actionId, until] of elsewhere) if (until < now) elsewhere.delete(actionId)
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
    tell(actionId, news) {
      watchers.tell(actionId, news)
      if ((elsewhere.get(actionId) ?? 0) < performance.now()) return
      // Those of the same moment share a message.
      if (changed.size === 0) setImmediate(tellOthers)
      changed.set(actionId, news.logged || changed.get(actionId) === true)
    },
    hear(message) {
      if ('watch' in message) {
        const until = performance.now() + LIFE
        for (const actionId of message.watch) elsewhere.set(actionId, until)
      } else {
        for (const [actionId, logged] of Object.entries(message.changed)) watchers.tell(actionId, { logged })
      }
    },
    reconnected() {
      announce(watchers.watched())
      for (const actionId of [...watchers.watched()]) watchers.tell(actionId, { logged: true })
    },
    close() {
      clearTimeout(announcing)
      clearInterval(renewing)
    },
  }
}

function inParts<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / MOST) }, (_, part) =>
    items.slice(part * MOST, (part + 1) * MOST),
  )
}

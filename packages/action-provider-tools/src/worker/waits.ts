import { isPromiseLike, whenKnown } from '../promise-like.ts'
import type { ActionNews, Awaitable, PlacedEntry, StoredAction } from '../store/action-store.ts'
import type { WorkerContext } from './worker-context.ts'

/** One of those who wait for what becomes of an action. It must be ended. */
export type Following = {
  /**
   * The action as it is now; `undefined` where it is gone. Those who ask about one action at the same moment
   * share a query.
   */
  latest: () => Awaitable<StoredAction | undefined>
  /** The entries of its log after a position, as the store gives them; shared in the same way. */
  logAfter: (position: number) => Awaitable<readonly PlacedEntry[] | undefined>
  /** How often something was logged, as far as that is known. */
  readonly logged: number
  /**
   * Resolves when there may be news since `latest` was asked, when the time is over (milliseconds), when
   * `signal` aborts, or when this instance begins to stop.
   */
  changed: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** Whether this instance stops, so that nobody should wait who can wait elsewhere. */
  readonly isStopping: boolean
  end: () => void
}

/** Lets requests wait for what becomes of actions. */
export type Waits = {
  /** @param known the action as it is at this moment, where that was read just now */
  follow: (actionId: string, known?: StoredAction) => Following
  /**
   * Resolves with the action when it is ready, when the time is over (milliseconds), when `signal` aborts, or
   * when this instance stops: as soon as it begins to, or for `mustEnd` when it has stopped.
   * @param options.known as of `follow`
   */
  until: (
    actionId: string,
    milliseconds: number,
    ready: (action: StoredAction | undefined) => boolean,
    options?: WaitOptions,
  ) => Promise<StoredAction | undefined>
  /** Wakes all who wait. */
  wake: () => void
}

export type WaitOptions = { signal?: AbortSignal; known?: StoredAction; mustEnd?: boolean }

/**
 * Whether the work of an action is suspended, so that nothing comes of it for longer than `IN_MEMORY` unless
 * somebody sends it an event.
 */
export function isSuspended({ status, lease, failures, runs_on }: StoredAction): boolean {
  return status === 'ACTIVE' && lease > 0 && failures === 0 && runs_on === undefined
}

/**
 * How long until the store is asked whether news of an action were missed, in milliseconds: soon, as another
 * instance hears late that somebody waits here, and ever later.
 */
const LOOK = { first: 50, growth: 2, most: 5_000 } as const

/** The first look where the work runs on this instance, which hears of its own changes at once. */
const LOOK_HERE = 1_000

/** How many entries of a log are read at once. */
export const LOG_PAGE = 100

/** What those share who wait for one action. */
type Feed = {
  action: StoredAction | undefined
  /** Whether `action` is as it is now, as far as anybody has told. */
  isFresh: boolean
  /** How often there were news. */
  news: number
  logged: number
  reading: Awaitable<StoredAction | undefined> | undefined
  /**
   * Readings of the log, by the position after which they begin; those of before the latest news are dropped.
   */
  logs: Map<number, Awaitable<readonly PlacedEntry[] | undefined>>
  waiting: Set<() => void>
  followers: number
  stop: () => void
}

/**
 * Those who wait for one action share what is told and what is read of it: however many they are, a change
 * costs one query at most, and none where it was made on this instance.
 */
export function createWaits(worker: WorkerContext): Waits {
  const { store, namespace, running } = worker
  const feeds = new Map<string, Feed>()

  function open(actionId: string): Feed {
    const feed: Feed = {
      action: undefined,
      isFresh: false,
      news: 0,
      logged: 0,
      reading: undefined,
      logs: new Map(),
      waiting: new Set(),
      followers: 0,
      stop: () => {},
    }
    const unwatch = store.watch(namespace, actionId, (news) => hear(feed, news))
    const endLooks = lookAtTimes(actionId, feed)
    feed.stop = () => {
      unwatch()
      endLooks()
      feeds.delete(actionId)
    }
    feeds.set(actionId, feed)
    return feed
  }

  /** Looks at intervals whether news were missed. */
  function lookAtTimes(actionId: string, feed: Feed): () => void {
    let pause: number = LOOK.first
    let timer: NodeJS.Timeout
    const next = (): void => {
      timer = setTimeout(look, running.has(actionId) ? Math.max(pause, LOOK_HERE) : pause)
      pause = Math.min(pause * LOOK.growth, LOOK.most)
    }
    const look = async (): Promise<void> => {
      const before = feed.action?.version
      const { news } = feed
      // What the database does not answer now it may answer the next time.
      const found = await (async () => store.get(namespace, actionId))().catch(() => feed.action)
      if (news === feed.news && found?.version !== before) {
        hear(feed, { ...(found && { action: found }), logged: true })
      }
      if (feed.followers > 0) next()
    }
    next()
    return () => clearTimeout(timer)
  }

  function read(actionId: string, feed: Feed): Awaitable<StoredAction | undefined> {
    const { news } = feed
    const keep = (action: StoredAction | undefined): StoredAction | undefined => {
      if (news !== feed.news) return action
      feed.action = action
      feed.isFresh = true
      feed.reading = undefined
      return action
    }
    return forgotten(whenKnown(store.get(namespace, actionId), keep), () => {
      if (news === feed.news) feed.reading = undefined
    })
  }

  function follow(actionId: string, known?: StoredAction): Following {
    const feed = feeds.get(actionId) ?? open(actionId)
    feed.followers++
    if (known && feed.news === 0 && !feed.isFresh) {
      feed.action = known
      feed.isFresh = true
    }
    let seen = -1
    return {
      latest() {
        seen = feed.news
        if (feed.isFresh) return feed.action
        feed.reading ??= read(actionId, feed)
        return feed.reading
      },
      logAfter(position) {
        const { logs } = feed
        const read = (): Awaitable<readonly PlacedEntry[] | undefined> =>
          forgotten(store.logAfter(namespace, actionId, position, LOG_PAGE), () => logs.delete(position))
        const entries = logs.get(position) ?? read()
        logs.set(position, entries)
        return entries
      },
      get logged() {
        return feed.logged
      },
      get isStopping() {
        return worker.state === 'stopping' || worker.state === 'stopped'
      },
      async changed(milliseconds, signal) {
        if (feed.news !== seen || signal?.aborted) return
        const { promise, resolve } = Promise.withResolvers<void>()
        const wake = (): void => resolve()
        const timer = Number.isFinite(milliseconds) ? setTimeout(wake, milliseconds) : undefined
        signal?.addEventListener('abort', wake)
        feed.waiting.add(wake)
        await promise
        feed.waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        clearTimeout(timer)
      },
      end() {
        if (--feed.followers === 0) feed.stop()
      },
    }
  }

  return {
    follow,

    async until(actionId, milliseconds, ready, { signal, known, mustEnd = false } = {}) {
      const over = performance.now() + milliseconds
      const following = follow(actionId, known)
      try {
        for (;;) {
          const action = await following.latest()
          const left = over - performance.now()
          const stops = mustEnd ? worker.state === 'stopped' : following.isStopping
          if (ready(action) || left <= 0 || signal?.aborted || stops) return action
          await following.changed(left, signal)
        }
      } finally {
        following.end()
      }
    },

    wake() {
      for (const feed of feeds.values()) for (const wake of feed.waiting) wake()
    },
  }
}

/** What is read, which is to be forgotten where it fails. */
function forgotten<T>(read: Awaitable<T>, forget: () => void): Awaitable<T> {
  if (isPromiseLike(read)) read.catch(forget)
  return read
}

/** Takes what is told of an action, and wakes who waits for it. */
function hear(feed: Feed, { action, logged }: ActionNews): void {
  feed.news++
  if (logged) feed.logged++
  feed.logs.clear()
  feed.reading = undefined
  feed.isFresh = action !== undefined
  // Two changes may be told in another order than they were made.
  if (action && action.version >= (feed.action?.version ?? 0)) feed.action = action
  for (const wake of feed.waiting) wake()
}

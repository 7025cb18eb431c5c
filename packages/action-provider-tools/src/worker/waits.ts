import { isPromiseLike, whenKnown } from '../promise-like.ts'
import type { ActionNews, Awaitable, PlacedEntry, StoredAction } from '../store/action-store.ts'
import type { WorkerContext } from './worker-context.ts'

/** One request's view of an action that it waits for. Call `end` when the request no longer waits. */
export type Following = {
  /**
   * The action as it is now; `undefined` if it no longer exists. Requests that ask at the same moment share a
   * query.
   */
  latest: () => Awaitable<StoredAction | undefined>
  /**
   * The log entries after a position, as `logAfter` of the store gives them. Requests share these queries
   * too.
   */
  logAfter: (position: number) => Awaitable<readonly PlacedEntry[] | undefined>
  /** Counts the changes of the log that this instance knows of. */
  readonly logged: number
  /**
   * Resolves when the action may have changed since `latest` was called, after `milliseconds`, when `signal`
   * aborts, or when this instance begins to stop.
   */
  changed: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** Whether this instance stops, so that callers should wait on another one. */
  readonly isStopping: boolean
  end: () => void
}

/** Lets requests wait for changes of actions. */
export type Waits = {
  /** @param known the action, if it has just been read */
  follow: (actionId: string, known?: StoredAction) => Following
  /**
   * Resolves with the action when `ready` holds for it, after `milliseconds`, when `signal` aborts, or when
   * this instance stops: already when it begins to stop, unless `mustEnd` is set.
   * @param options.known the action, if it has just been read
   */
  until: (
    actionId: string,
    milliseconds: number,
    ready: (action: StoredAction | undefined) => boolean,
    options?: WaitOptions,
  ) => Promise<StoredAction | undefined>
  /** Resumes all waiting requests, so that they check again. */
  wake: () => void
}

export type WaitOptions = { signal?: AbortSignal; known?: StoredAction; mustEnd?: boolean }

/**
 * Whether the work of an action is suspended, so that nothing comes of it for longer than
 * `LONGEST_WAIT_IN_MEMORY` unless somebody sends it an event.
 */
export function isSuspended({ status, lease, failures, runs_on }: StoredAction): boolean {
  return status === 'ACTIVE' && lease > 0 && failures === 0 && runs_on === undefined
}

/**
 * The pauses between queries for missed changes, in milliseconds. The first is short, since other instances
 * hear late that this one waits for an action; later ones grow.
 */
const POLL = { first: 50, growth: 2, most: 5_000 } as const

/** The shortest pause if the work runs on this instance, which applies its own changes at once. */
const FIRST_POLL_HERE = 1_000

/** The most log entries that one query reads. */
export const LOG_PAGE = 100

/** What all requests that wait for one action share. */
type Feed = {
  action: StoredAction | undefined
  /** Whether no change of `action` is known that it does not contain. */
  isFresh: boolean
  /** Counts the changes of the action that this instance knows of. */
  changes: number
  logged: number
  reading: Awaitable<StoredAction | undefined> | undefined
  /** Queries of the log since the last change, by the position after which they begin. */
  logs: Map<number, Awaitable<readonly PlacedEntry[] | undefined>>
  waiting: Set<() => void>
  followers: number
  stop: () => void
}

/**
 * Requests that wait for the same action share its changes and queries: a change costs at most one query,
 * however many requests wait, and none if this instance made it.
 */
export function createWaits(worker: WorkerContext): Waits {
  const { store, namespace, running } = worker
  const feeds = new Map<string, Feed>()

  function open(actionId: string): Feed {
    const feed: Feed = {
      action: undefined,
      isFresh: false,
      changes: 0,
      logged: 0,
      reading: undefined,
      logs: new Map(),
      waiting: new Set(),
      followers: 0,
      stop: () => {},
    }
    const unwatch = store.watch(namespace, actionId, (news) => applyNews(feed, news))
    const stopPolling = pollStore(actionId, feed)
    feed.stop = () => {
      unwatch()
      stopPolling()
      feeds.delete(actionId)
    }
    feeds.set(actionId, feed)
    return feed
  }

  /** Queries the store at intervals for changes that were missed. */
  function pollStore(actionId: string, feed: Feed): () => void {
    let pause: number = POLL.first
    let timer: NodeJS.Timeout
    const next = (): void => {
      timer = setTimeout(poll, running.has(actionId) ? Math.max(pause, FIRST_POLL_HERE) : pause)
      pause = Math.min(pause * POLL.growth, POLL.most)
    }
    const poll = async (): Promise<void> => {
      const before = feed.action?.version
      const { changes } = feed
      // If the query fails, the next one may succeed.
      const found = await (async () => store.get(namespace, actionId))().catch(() => feed.action)
      if (changes === feed.changes && found?.version !== before) {
        applyNews(feed, { ...(found && { action: found }), logged: true })
      }
      if (feed.followers > 0) next()
    }
    next()
    return () => clearTimeout(timer)
  }

  function read(actionId: string, feed: Feed): Awaitable<StoredAction | undefined> {
    const { changes } = feed
    const keep = (action: StoredAction | undefined): StoredAction | undefined => {
      if (changes !== feed.changes) return action
      feed.action = action
      feed.isFresh = true
      feed.reading = undefined
      return action
    }
    return forgetOnFailure(whenKnown(store.get(namespace, actionId), keep), () => {
      if (changes === feed.changes) feed.reading = undefined
    })
  }

  function follow(actionId: string, known?: StoredAction): Following {
    const feed = feeds.get(actionId) ?? open(actionId)
    feed.followers++
    if (known && feed.changes === 0 && !feed.isFresh) {
      feed.action = known
      feed.isFresh = true
    }
    let seen = -1
    return {
      latest() {
        seen = feed.changes
        if (feed.isFresh) return feed.action
        feed.reading ??= read(actionId, feed)
        return feed.reading
      },
      logAfter(position) {
        const { logs } = feed
        const read = (): Awaitable<readonly PlacedEntry[] | undefined> =>
          forgetOnFailure(store.logAfter(namespace, actionId, position, LOG_PAGE), () =>
            logs.delete(position),
          )
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
        if (feed.changes !== seen || signal?.aborted) return
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

/** Calls `forget` if the query fails, so that a failure is not kept. */
function forgetOnFailure<T>(read: Awaitable<T>, forget: () => void): Awaitable<T> {
  if (isPromiseLike(read)) read.catch(forget)
  return read
}

/** Applies a change of an action and resumes the requests that wait for it. */
function applyNews(feed: Feed, { action, logged }: ActionNews): void {
  feed.changes++
  if (logged) feed.logged++
  feed.logs.clear()
  feed.reading = undefined
  feed.isFresh = action !== undefined
  // Two changes may arrive in the wrong order.
  if (action && action.version >= (feed.action?.version ?? 0)) feed.action = action
  for (const wake of feed.waiting) wake()
}

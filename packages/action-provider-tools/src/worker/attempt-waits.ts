import type { Inactivity } from '../action/lifecycle.ts'
import type { WorkInterrupted } from '../errors.ts'

/**
 * The longest wait, in milliseconds, during which an attempt stays in memory. A longer wait suspends the
 * attempt: that costs a few writes, but frees its place for other work.
 */
export const LONGEST_WAIT_IN_MEMORY = 5_000

/** How long an attempt is suspended, and why. */
export type Suspension = {
  /** When the wait ends, in milliseconds since 1970; `Infinity` if only an event ends it. */
  until: number
  inactivity?: Inactivity | undefined
  /** The name of the awaited event. */
  event?: string | undefined
}

/**
 * The waits of one attempt. If all its open calls are waits and the first ends late enough, the attempt is
 * suspended: it ends, and its work runs again when that wait is over.
 */
export type AttemptWaits = {
  /** Marks the start of a step: until `end` the attempt is not suspended. */
  begin: () => void
  end: () => void
  /**
   * Resolves at `time` (milliseconds since 1970) or earlier, if an event may have come; callers then check
   * again. Rejects if the signal aborts. Never settles once the attempt is suspended.
   */
  until: (time: number, why?: Omit<Suspension, 'until'>) => Promise<void>
  /** Resolves the waits whose time has come. */
  resolveDue: () => void
  /** Resolves the waits for events, so that the work looks for new events. */
  resolveEventWaits: () => void
  /** Ends all waits of an attempt that has ended: they never settle. */
  close: () => void
  /**
   * When the first wait ends, in milliseconds since 1970; `undefined` while the attempt does anything but
   * wait.
   */
  readonly next: number | undefined
  /** Resolves when the attempt is suspended. */
  readonly suspended: Promise<Suspension>
  /** Whether the attempt is suspended or has ended. */
  readonly isOver: boolean
}

type Wait = Suspension & { resolve: () => void; reject: (reason: unknown) => void }

/** The longest time of a timer in Node, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/**
 * @param now gives the current time in milliseconds since 1970
 * @param signal made on first use
 * @param flush makes new waits durable; called when the attempt stays in memory
 */
export function createAttemptWaits(
  now: () => number,
  signal: () => AbortSignal,
  flush: () => void,
): AttemptWaits {
  const suspended = Promise.withResolvers<Suspension>()
  const pending = new Set<Wait>()
  let openSteps = 0
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  let isCheckScheduled = false

  /** Checks later, after the author's code has continued: it may begin another step at once. */
  function scheduleCheck(): void {
    if (isCheckScheduled || pending.size === 0) return
    isCheckScheduled = true
    setImmediate(() => {
      isCheckScheduled = false
      check()
    })
  }

  function check(): void {
    clearTimeout(timer)
    if (isOver || pending.size === 0) return
    const waits = [...pending]
    const until = Math.min(...waits.map((wait) => wait.until))
    const remaining = until - now()
    const isStopping = (signal().reason as WorkInterrupted | undefined)?.reason === 'shutdown'
    if (openSteps === 0 && (remaining > LONGEST_WAIT_IN_MEMORY || isStopping)) {
      suspend(until, waits)
      return
    }
    flush()
    timer = setTimeout(resolveDue, Math.min(Math.max(remaining, 0), LONGEST_TIMER)).unref()
  }

  function suspend(until: number, waits: readonly Wait[]): void {
    isOver = true
    const inactivity = waits.find((wait) => wait.inactivity !== undefined)?.inactivity
    const event = waits.find((wait) => wait.event !== undefined)?.event
    suspended.resolve({ until, inactivity, event })
  }

  function resolveDue(): void {
    resolveWhere((wait) => wait.until <= now())
    scheduleCheck()
  }

  function resolveWhere(matches: (wait: Wait) => boolean): void {
    for (const wait of pending) {
      if (!matches(wait)) continue
      pending.delete(wait)
      wait.resolve()
    }
  }

  function onAbort(): void {
    if (isOver) return
    const reason = signal().reason as WorkInterrupted
    if (openSteps === 0 && reason.reason === 'shutdown') {
      check()
      return
    }
    clearTimeout(timer)
    for (const wait of pending) wait.reject(reason)
    pending.clear()
  }

  return {
    begin() {
      openSteps++
    },
    end() {
      openSteps--
      scheduleCheck()
    },
    until(until, why) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      if (isOver) return promise
      if (pending.size === 0) signal().addEventListener('abort', onAbort, { once: true })
      pending.add({ ...why, until, resolve, reject })
      if (signal().aborted) onAbort()
      scheduleCheck()
      return promise
    },
    resolveDue,
    resolveEventWaits: () => resolveWhere((wait) => wait.event !== undefined),
    close() {
      isOver = true
      clearTimeout(timer)
      pending.clear()
    },
    get next() {
      if (isOver || openSteps > 0 || pending.size === 0) return undefined
      return Math.min(...[...pending].map(({ until }) => until))
    },
    suspended: suspended.promise,
    get isOver() {
      return isOver
    },
  }
}

/**
 * Wraps a function of the run context, so that its promises never settle once the attempt has ended. A
 * rejection that the work does not handle does not end the process.
 */
export function unlessEnded<Given extends unknown[], T>(
  waits: AttemptWaits,
  act: (...given: Given) => Promise<T>,
): (...given: Given) => Promise<T> {
  return (...given) => {
    if (waits.isOver) return new Promise<T>(() => {})
    const promise = act(...given)
    promise.catch(() => {})
    return promise
  }
}

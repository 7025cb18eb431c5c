import type { Inactivity } from '../action/lifecycle.ts'
import type { WorkInterrupted } from '../errors.ts'

/**
 * The longest wait for which an attempt stays in memory, in milliseconds. To end an attempt and begin the
 * next costs a few writes; to stay costs a place among those that run.
 */
export const IN_MEMORY = 5_000

/** Until when an attempt is suspended, and why where somebody must act. */
export type Suspension = {
  /** Milliseconds since 1970; `Infinity` where only an event ends it. */
  until: number
  inactivity?: Inactivity | undefined
  /** The event that it waits for. */
  event?: string | undefined
}

/**
 * What an attempt waits for. While it only waits, and for long, it is suspended: it ends, to be run again
 * when that is over.
 */
export type AttemptWaits = {
  /** A step is in hand: the attempt goes on at least until its `end`. */
  begin: () => void
  end: () => void
  /**
   * Resolves at a time or when it is woken; rejects when the signal aborts; never settles once the attempt is
   * suspended.
   */
  until: (time: number, why?: Omit<Suspension, 'until'>) => Promise<void>
  /** Looks which waits are over. */
  look: () => void
  /** Wakes what waits for events: some may have come. */
  lookForEvents: () => void
  /** The attempt has ended: nothing of it settles any more. */
  close: () => void
  /**
   * When the first of its waits is over, in milliseconds since 1970; `undefined` while it does anything but
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
 * @param now the time that waits go by, in milliseconds since 1970
 * @param signal made on first use
 * @param stay called when the attempt stays in memory though it waits: what it waits for is made durable
 */
export function createAttemptWaits(
  now: () => number,
  signal: () => AbortSignal,
  stay: () => void,
): AttemptWaits {
  const suspended = Promise.withResolvers<Suspension>()
  const pending = new Set<Wait>()
  let inHand = 0
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  let considering = false

  /** What follows a step or a wait in the author's work comes first: it may begin the next step. */
  function considerSoon(): void {
    if (considering || pending.size === 0) return
    considering = true
    setImmediate(() => {
      considering = false
      consider()
    })
  }

  function consider(): void {
    clearTimeout(timer)
    if (isOver || pending.size === 0) return
    const waits = [...pending]
    const until = Math.min(...waits.map((wait) => wait.until))
    const left = until - now()
    const isStopping = (signal().reason as WorkInterrupted | undefined)?.reason === 'shutdown'
    if (inHand === 0 && (left > IN_MEMORY || isStopping)) {
      suspend(until, waits)
      return
    }
    stay()
    timer = setTimeout(look, Math.min(Math.max(left, 0), LONGEST_TIMER)).unref()
  }

  function suspend(until: number, waits: readonly Wait[]): void {
    isOver = true
    const inactivity = waits.find((wait) => wait.inactivity !== undefined)?.inactivity
    const event = waits.find((wait) => wait.event !== undefined)?.event
    suspended.resolve({ until, inactivity, event })
  }

  function look(): void {
    release((wait) => wait.until <= now())
    considerSoon()
  }

  function release(isOver: (wait: Wait) => boolean): void {
    for (const wait of pending) {
      if (!isOver(wait)) continue
      pending.delete(wait)
      wait.resolve()
    }
  }

  function interrupted(): void {
    if (isOver) return
    const reason = signal().reason as WorkInterrupted
    if (inHand === 0 && reason.reason === 'shutdown') {
      consider()
      return
    }
    clearTimeout(timer)
    for (const wait of pending) wait.reject(reason)
    pending.clear()
  }

  return {
    begin() {
      inHand++
    },
    end() {
      inHand--
      considerSoon()
    },
    until(until, why) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      if (isOver) return promise
      if (pending.size === 0) signal().addEventListener('abort', interrupted, { once: true })
      pending.add({ ...why, until, resolve, reject })
      if (signal().aborted) interrupted()
      considerSoon()
      return promise
    },
    look,
    lookForEvents: () => release((wait) => wait.event !== undefined),
    close() {
      isOver = true
      clearTimeout(timer)
      pending.clear()
    },
    get next() {
      if (isOver || inHand > 0 || pending.size === 0) return undefined
      return Math.min(...[...pending].map(({ until }) => until))
    },
    suspended: suspended.promise,
    get isOver() {
      return isOver
    },
  }
}

/**
 * What is asked of an attempt that has ended never settles. A rejection that the work does not look at ends
 * the process no more than an error that it catches.
 */
export function unlessOver<Given extends unknown[], T>(
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

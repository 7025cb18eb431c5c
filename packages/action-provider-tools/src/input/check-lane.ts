import { Worker } from 'node:worker_threads'
import { ActionProviderError, ServiceUnavailable } from '../errors.ts'
import type { Question } from './check-thread.ts'

/** A thread that checks inputs, and the queue of checks for it. */
export type CheckLane = {
  /**
   * @returns the errors of a body; `undefined` if the check took too long
   * @throws ServiceUnavailable if too many checks wait, the thread hangs, or the lane is closed
   */
  ask: (caller: string, question: Omit<Question, 'limit'>) => Promise<string[] | undefined>
  /** Stops the thread and refuses the checks that wait. */
  close: () => Promise<void>
}

export type LaneOptions = {
  /** The thread's program. It answers each question with `string[] | undefined`. */
  program: URL
  /** The longest a check may take, in milliseconds of CPU time. */
  limit: number
  /** How many checks may wait, per caller and in all. */
  perOwner: number
  inAll: number
  /**
   * How long after `limit` the thread may still answer, in milliseconds, before it is replaced (default
   * 20,000). It may be starting, or the machine may be busy.
   */
  patience?: number
}

type Waiting = {
  question: Omit<Question, 'limit'>
  resolve: (errors: string[] | undefined) => void
  reject: (error: Error) => void
}

/**
 * The heap of a thread, in MiB: three times what a check can fill within TIME_LIMIT. It is set because V8
 * ends the whole process when a heap outgrows its limit at once, and the default in a small container is low.
 */
const MEMORY = 1024

/**
 * The thread starts with the first check. It does not keep the process alive, and it is replaced when it
 * fails or hangs.
 */
export function createCheckLane({ program, limit, patience = 20_000, ...bounds }: LaneOptions): CheckLane {
  const queue = createFairQueue<Waiting>(bounds)
  let thread: Worker | undefined
  let current: Waiting | undefined
  let alarm: NodeJS.Timeout | undefined
  let closed = false

  function next(): void {
    current = queue.take()
    if (current === undefined) return
    thread ??= start()
    const asked = thread
    alarm = setTimeout(
      () => giveUp(asked, unavailable('The check of this input did not finish')),
      limit + patience,
    )
    alarm.unref()
    thread.postMessage({ ...current.question, limit } satisfies Question)
  }

  function start(): Worker {
    // The thread gets neither the environment nor the options of the process: it needs no secrets, and must
    // not load the process's instrumentation.
    const started = new Worker(program, {
      name: 'input-check',
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEMORY },
    })
    started.on('message', (errors) => {
      if (started === thread) end((waiting) => waiting.resolve(errors))
    })
    started.on('error', (error) => giveUp(started, error))
    started.unref()
    return started
  }

  function giveUp(lost: Worker, error: Error): void {
    if (lost !== thread) return
    thread = undefined
    void lost.terminate()
    const answer =
      error instanceof ServiceUnavailable ? error : new ActionProviderError(undefined, { cause: error })
    end((waiting) => waiting.reject(answer))
  }

  function end(settle: (waiting: Waiting) => void): void {
    clearTimeout(alarm)
    if (current !== undefined) settle(current)
    next()
  }

  return {
    ask: (caller, question) =>
      new Promise((resolve, reject) => {
        const waiting = { question, resolve, reject }
        if (closed) return reject(unavailable('This provider is shutting down'))
        if (!queue.add(caller, waiting))
          return reject(unavailable('Too many inputs are waiting to be checked'))
        if (current === undefined) next()
      }),
    async close() {
      closed = true
      clearTimeout(alarm)
      const ended = thread
      thread = undefined
      for (let waiting = current; waiting !== undefined; waiting = queue.take()) {
        waiting.reject(unavailable('This provider is shutting down'))
      }
      current = undefined
      await ended?.terminate()
    },
  }
}

function unavailable(what: string): ServiceUnavailable {
  return new ServiceUnavailable(`${what}: try again later`)
}

/** A queue that serves its owners in turn: an owner with many entries delays only itself. */
type FairQueue<T> = {
  /** Returns false where too many entries wait. */
  add: (owner: string, item: T) => boolean
  take: () => T | undefined
}

/** @param bounds how many entries may wait, of one owner and in all */
function createFairQueue<T>(bounds: { perOwner: number; inAll: number }): FairQueue<T> {
  // A Map keeps its keys in the order in which they were added, so its first one is the owner whose turn it
  // is.
  const waiting = new Map<string, T[]>()
  let count = 0
  return {
    add(owner, item) {
      const own = waiting.get(owner) ?? []
      if (own.length >= bounds.perOwner || count >= bounds.inAll) return false
      own.push(item)
      waiting.set(owner, own)
      count++
      return true
    },
    take() {
      for (const [owner, own] of waiting) {
        waiting.delete(owner)
        const item = own.shift()
        if (own.length > 0) waiting.set(owner, own)
        count--
        return item
      }
      return undefined
    },
  }
}

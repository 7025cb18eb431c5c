import type { EventTakenBack, SealedStep } from '../action/action.ts'
import { type ActionDetails, toDetails } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime } from '../documents/time.ts'

/** What the work has reported since the last write. */
export type Progress = {
  details?: ActionDetails
  displayStatus?: string
  log: ActionLogEntry[]
  steps: SealedStep[]
  /** Events that fit no wait. */
  takenBack: EventTakenBack[]
  /** Whether a step has ended: the count of failures then starts again. */
  stepEnded?: boolean
}

/**
 * Collects the reports of an attempt, so that reports do not wait for the store and many of them cost one
 * write.
 */
export type ProgressBuffer = {
  update: (details: ActionDetails, displayStatus?: string) => void
  log: (entry: ActionLogEntry) => void
  /** Adds the state of a step to the next write. Starts no write itself. */
  keep: (step: SealedStep, ended?: boolean) => void
  /** Removes an event from the action, with the next write. */
  takeBack: (event: EventTakenBack) => void
  /** Writes the buffer now. Resolves when it is durable; rejects if the write fails. */
  flush: () => Promise<void>
  /** Empties the buffer and returns what was in it. */
  take: () => Progress
  /** Like `take`, after a write under way has ended: the caller's own write then comes last. */
  drain: () => Promise<Progress>
  /** Stops the timed writes. */
  close: () => void
}

/**
 * @param write writes progress; never called twice at once
 * @param delay how long progress is collected before it is written, in milliseconds
 */
export function bufferProgress(write: (progress: Progress) => Promise<void>, delay: number): ProgressBuffer {
  let pending = emptyProgress()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let closed = false
  const writes = new WeakMap<Progress, Promise<void>>()

  const take = (): Progress => {
    const taken = pending
    pending = emptyProgress()
    clearTimeout(timer)
    timer = undefined
    return taken
  }
  const flush = (): Promise<void> => {
    const batch = pending
    const written = writing.then(() => {
      // An earlier flush may have taken it: then its write counts for this one too.
      if (batch === pending && !isEmpty(batch)) writes.set(batch, write(take()))
      return writes.get(batch)
    })
    writing = written.catch(() => {})
    return written
  }
  const schedule = (): void => {
    // `write` has logged the error.
    if (!closed) timer ??= setTimeout(() => flush().catch(() => {}), delay)
  }
  return {
    update(details, displayStatus) {
      pending.details = details
      if (displayStatus !== undefined) pending.displayStatus = displayStatus
      schedule()
    },
    log(entry) {
      pending.log.push(entry)
      schedule()
    },
    keep(step, ended = false) {
      pending.steps.push(step)
      pending.stepEnded ||= ended
    },
    takeBack(event) {
      pending.takenBack.push(event)
      schedule()
    },
    flush,
    take,
    drain: () => writing.then(take),
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

function emptyProgress(): Progress {
  return { log: [], steps: [], takenBack: [] }
}

function isEmpty({ details, displayStatus, log, steps, takenBack }: Progress): boolean {
  const hasStatus = details !== undefined || displayStatus !== undefined
  return !hasStatus && log.length + steps.length + takenBack.length === 0
}

/** Adds an entry to the action's log, if the provider has logs. */
export type AttemptLog = (code: string, description: string, details: Record<string, unknown>) => void

/**
 * Makes an entry of an action's log. The details are copied, since the author may change them later.
 * @param now milliseconds since 1970
 * @throws TypeError if the details are not JSON
 */
export function logEntry(
  now: number,
  code: string,
  description: string,
  details?: Record<string, unknown>,
): ActionLogEntry {
  const time = formatTime(now)
  if (details === undefined) return { time, code, description }
  return { time, code, description, details: toDetails(details) as Record<string, unknown> }
}

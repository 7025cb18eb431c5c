import type { EventTakenBack, SealedStep } from '../action/action.ts'
import { type ActionDetails, toDetails } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime } from '../documents/time.ts'

/** What the work reported since the last write. */
export type Progress = {
  details?: ActionDetails
  displayStatus?: string
  log: ActionLogEntry[]
  steps: SealedStep[]
  /** Events that the work has no use for. */
  takenBack: EventTakenBack[]
  /** Whether a step has ended: a sign that the work gets on. */
  stepEnded?: boolean
}

/** Gathers what the work reports: reporting costs the work nothing, and a thousand reports cost one write. */
export type ProgressBuffer = {
  update: (details: ActionDetails, displayStatus?: string) => void
  log: (entry: ActionLogEntry) => void
  /** Keeps what is known of a step for the next write, whatever sets that off. */
  keep: (step: SealedStep, ended?: boolean) => void
  /** Takes an event back with the next write. */
  takeBack: (event: EventTakenBack) => void
  /** Writes what has gathered, now. Resolves when it is durable; rejects where it cannot be. */
  flush: () => Promise<void>
  /** Empties the buffer and returns what was in it. */
  take: () => Progress
  /** Does the same once any write under way has ended, so that the caller's write comes last. */
  drain: () => Promise<Progress>
  /** Ends the writes of the buffer itself. */
  close: () => void
}

/**
 * @param write called with what has gathered, never twice at once
 * @param delay how long progress gathers before it is written, in milliseconds
 */
export function bufferProgress(write: (progress: Progress) => Promise<void>, delay: number): ProgressBuffer {
  let pending = nothing()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let closed = false

  const take = (): Progress => {
    const taken = pending
    pending = nothing()
    clearTimeout(timer)
    timer = undefined
    return taken
  }
  const flush = (): Promise<void> => {
    const written = writing.then(async () => {
      const taken = take()
      if (!isEmpty(taken)) await write(taken)
    })
    writing = written.catch(() => {})
    return written
  }
  const schedule = (): void => {
    // Whoever writes says what went wrong.
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

function nothing(): Progress {
  return { log: [], steps: [], takenBack: [] }
}

function isEmpty({ details, displayStatus, log, steps, takenBack }: Progress): boolean {
  const isSaid = details !== undefined || displayStatus !== undefined
  return !isSaid && log.length + steps.length + takenBack.length === 0
}

/** Adds an entry to the log of the action, where the provider keeps one. */
export type AttemptLog = (code: string, description: string, details: Record<string, unknown>) => void

/**
 * An entry of an action's log. Copies the details, which the author may go on changing.
 * @throws TypeError where they are not JSON
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

import { type ActionDetails, toDetails } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime } from '../documents/time.ts'

/** What the work reported since the last write. */
export type Progress = { details?: ActionDetails; displayStatus?: string; log: ActionLogEntry[] }

/** Gathers what the work reports: reporting costs the work nothing, and a thousand reports cost one write. */
export type ProgressBuffer = {
  update: (details: ActionDetails, displayStatus?: string) => void
  log: (entry: ActionLogEntry) => void
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
  let pending: Progress = { log: [] }
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let closed = false

  const take = (): Progress => {
    const taken = pending
    pending = { log: [] }
    clearTimeout(timer)
    timer = undefined
    return taken
  }
  const flush = (): void => {
    writing = writing.then(async () => {
      const taken = take()
      if (taken.details !== undefined || taken.displayStatus !== undefined || taken.log.length > 0)
        await write(taken)
    })
  }
  const schedule = (): void => {
    if (!closed) timer ??= setTimeout(flush, delay)
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
    take,
    drain: () => writing.then(take),
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

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

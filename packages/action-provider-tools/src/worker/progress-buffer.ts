import type { ActionDetails } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'

/** What the work said and is not written yet. */
export type Report = { details?: ActionDetails; displayStatus?: string; log: ActionLogEntry[] }

/**
 * Collects what the work says, so that saying it costs the work nothing and a thousand sayings cost one write.
 */
export type ProgressBuffer = {
  progress: (details: ActionDetails, displayStatus?: string) => void
  log: (entry: ActionLogEntry) => void
  /** What is waiting to be written, which then no longer waits. */
  take: () => Report
  /** As take, after any write under way: what is written next comes after everything said before. */
  drain: () => Promise<Report>
  /** No further writes of its own accord. */
  close: () => void
}

/**
 * @param write called with what has gathered, never twice at once
 * @param delay how long reports gather before they are written, in milliseconds
 */
export function bufferProgress(write: (report: Report) => Promise<void>, delay: number): ProgressBuffer {
  let waiting: Report = { log: [] }
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let closed = false

  const take = (): Report => {
    const report = waiting
    waiting = { log: [] }
    clearTimeout(timer)
    timer = undefined
    return report
  }
  const flush = (): Promise<void> => {
    writing = writing.then(async () => {
      const report = take()
      if (report.details !== undefined || report.displayStatus !== undefined || report.log.length > 0)
        await write(report)
    })
    return writing
  }
  const schedule = (): void => {
    if (!closed) timer ??= setTimeout(() => void flush(), delay)
  }
  return {
    progress(details, displayStatus) {
      waiting.details = details
      if (displayStatus !== undefined) waiting.displayStatus = displayStatus
      schedule()
    },
    log(entry) {
      waiting.log.push(entry)
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

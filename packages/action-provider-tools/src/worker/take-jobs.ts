import type { Job } from '../store/action-store.ts'
import { logStoreError, type WorkerContext } from './worker-context.ts'

/**
 * Fills the places of a worker: with due jobs, each caller's in turn, and with new actions where no job
 * waits.
 */
export type JobTaker = {
  /** Looks for due jobs. */
  nudge: () => void
  /** Looks for due jobs, now that a place is free, unless none are waiting. */
  freed: () => void
  /**
   * Whether a new action may take a place at once: there is a free one, the last look found no more due jobs
   * than places, and nothing is limited beyond this instance. A look comes with every job that somebody tells
   * of, and at regular intervals: new actions pass over whoever waits for no longer than that.
   */
  readonly hasRoom: boolean
  /** Resolves when no jobs are on their way here. */
  idle: () => Promise<void>
}

/**
 * @param launch begins the work of a job. `takenAt` is when the request was sent that took it:
 * `performance.now()`
 */
export function createJobTaker(
  worker: WorkerContext,
  works: boolean,
  launch: (job: Job, takenAt: number) => void,
): JobTaker {
  const { store, namespace, instance, running, starting } = worker
  const { instance: places, limits } = worker.options.concurrency
  let looking: Promise<void> | undefined
  let lookAgain = false
  /** Places that are kept for jobs which are being taken. */
  let kept = 0
  /** Whether the last look found fewer jobs than it could have taken. */
  let drained = false

  const free = (): number => places - running.size - starting.size - kept

  function nudge(): void {
    if (!works || worker.state !== 'working') return
    lookAgain = true
    looking ??= worker.instrument
      .apart(look)
      .catch((error: unknown) => {
        drained = false
        logStoreError(worker, error, 'Work could not be taken')
      })
      .finally(() => {
        looking = undefined
        if (lookAgain) setImmediate(nudge)
      })
  }

  async function look(): Promise<void> {
    while (lookAgain && worker.state === 'working') {
      lookAgain = false
      const room = free()
      if (room <= 0) {
        drained = false
        return
      }
      // New actions may use the other half meanwhile.
      const limit = drained ? Math.ceil(room / 2) : room
      const jobs = await take(limit)
      drained = jobs < limit
      if (jobs > 0) lookAgain = true
    }
  }

  async function take(limit: number): Promise<number> {
    const askedAt = performance.now()
    kept = limit
    try {
      const jobs = await store.takeJobs(namespace, instance, limit, limits)
      for (const job of jobs) launch(job, askedAt)
      return jobs.length
    } finally {
      kept = 0
    }
  }

  return {
    nudge,
    freed() {
      // What has ended may have kept others of its caller or key waiting.
      if (!drained || limits) nudge()
    },
    get hasRoom() {
      return works && worker.state === 'working' && !limits && drained && free() > 0
    },
    idle: () => Promise.resolve(looking),
  }
}

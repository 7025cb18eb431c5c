import type { Job } from '../store/action-store.ts'
import { logStoreError, type WorkerContext } from './worker-context.ts'

/**
 * Takes due jobs for the free places of a worker, each caller's in turn. A worker has as many places as it
 * runs attempts at once.
 */
export type JobTaker = {
  /** Queries the store for due jobs, if there is a free place. */
  nudge: () => void
  /** A place has become free: queries for due jobs, unless the last query found none waiting. */
  freed: () => void
  /**
   * Whether a new action may take a place without a query: a place is free, the last query found fewer jobs
   * than it could take, and no limit counts other instances. The worker queries after each notification and
   * at intervals, so new actions pass waiting jobs only for that time.
   */
  readonly hasRoom: boolean
  /** Resolves when the query under way has ended. */
  idle: () => Promise<void>
}

/**
 * @param works whether this instance takes jobs at all
 * @param launch starts an attempt; `takenAt` is the `performance.now()` at which the query was sent
 */
export function createJobTaker(
  worker: WorkerContext,
  works: boolean,
  launch: (job: Job, takenAt: number) => void,
): JobTaker {
  const { store, namespace, instance, running, starting } = worker
  const { instance: places, limits } = worker.options.concurrency
  let queryUnderWay: Promise<void> | undefined
  let queryAgain = false
  /** Places reserved for the query under way. */
  let reserved = 0
  /** Whether the last query found fewer jobs than it could take. */
  let drained = false

  const free = (): number => places - running.size - starting.size - reserved

  function nudge(): void {
    if (!works || worker.state !== 'working') return
    queryAgain = true
    queryUnderWay ??= worker.instrument
      .apart(queryJobs)
      .catch((error: unknown) => {
        drained = false
        logStoreError(worker, error, 'Due jobs could not be taken')
      })
      .finally(() => {
        queryUnderWay = undefined
        if (queryAgain) setImmediate(nudge)
      })
  }

  async function queryJobs(): Promise<void> {
    while (queryAgain && worker.state === 'working') {
      queryAgain = false
      const room = free()
      if (room <= 0) {
        drained = false
        return
      }
      // The other half stays free for new actions.
      const limit = drained ? Math.ceil(room / 2) : room
      const jobs = await take(limit)
      drained = jobs < limit
      if (jobs > 0) queryAgain = true
    }
  }

  async function take(limit: number): Promise<number> {
    const askedAt = performance.now()
    reserved = limit
    try {
      const jobs = await store.takeJobs(namespace, instance, limit, limits)
      for (const job of jobs) launch(job, askedAt)
      return jobs.length
    } finally {
      reserved = 0
    }
  }

  return {
    nudge,
    freed() {
      // With limits, the attempt that ended may have blocked other jobs of its caller or key.
      if (!drained || limits) nudge()
    },
    get hasRoom() {
      return works && worker.state === 'working' && !limits && drained && free() > 0
    },
    idle: () => Promise.resolve(queryUnderWay),
  }
}

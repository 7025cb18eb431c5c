import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { runMaintenance } from './maintenance.ts'
import type { JobTaker } from './take-jobs.ts'
import type { WorkerContext } from './worker-context.ts'

/** Runs maintenance whenever a test clock is moved. Returns a function that ends this. */
export function followClock(worker: WorkerContext, taker: JobTaker, clock: Clock | undefined): () => void {
  const { store, namespace, running, starting } = worker
  const unsubscribe = clock?.follow?.(async () => {
    await runMaintenance(worker)
    taker.nudge()
    // A query under way may have missed the jobs that have just become due: the worker then queries again.
    await taker.idle()
    await setImmediate()
    await taker.idle()
    const ends = [...running.values()].map(({ waits }) => waits.next)
    const waitEnds = ends.filter((time) => time !== undefined)
    const isBusy = starting.size > 0 || waitEnds.length < ends.length
    return {
      isBusy,
      next: Math.min((await store.nextDue(namespace)) ?? Number.POSITIVE_INFINITY, ...waitEnds),
    }
  })
  return unsubscribe ?? (() => {})
}

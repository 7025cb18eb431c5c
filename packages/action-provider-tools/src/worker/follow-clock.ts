import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { doWhatIsDue } from './maintenance.ts'
import type { JobTaker } from './take-jobs.ts'
import type { WorkerContext } from './worker-context.ts'

/** Lets a worker follow a clock that somebody moves. Returns a function that ends this. */
export function followClock(worker: WorkerContext, taker: JobTaker, clock: Clock | undefined): () => void {
  const { store, namespace, running, starting } = worker
  const unfollow = clock?.follow?.(async () => {
    await doWhatIsDue(worker)
    taker.nudge()
    // A look that is about to end may not see what has just become due: then another begins after it.
    await taker.idle()
    await setImmediate()
    await taker.idle()
    const waits = [...running.values()].map(({ waits }) => waits.next)
    const next = waits.filter((time) => time !== undefined)
    const isBusy = starting.size > 0 || next.length < waits.length
    return { isBusy, next: Math.min((await store.nextDue(namespace)) ?? Number.POSITIVE_INFINITY, ...next) }
  })
  return unfollow ?? (() => {})
}

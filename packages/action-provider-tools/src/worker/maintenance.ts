import * as lifecycle from '../action/lifecycle.ts'
import type { Change, StoredAction } from '../store/action-store.ts'
import { abort, lose } from './attempt.ts'
import { traceparentOf } from './sealed-state.ts'
import { DEADLINE_EXCEEDED, isOverdue, logStoreError, type WorkerContext } from './worker-context.ts'

/**
 * How much of a lease may pass without the word of the store before work that runs here is told to stop, so that it has
 * stopped by the time when another may begin.
 */
const SAFE_PART = 0.8

/** How many actions are looked at in one go. */
const BATCH = 1_000

/** Keeps the jobs of what runs here, and stops what must not run on. Returns a function that ends it. */
export function keepWork(worker: WorkerContext): () => void {
  const { timing } = worker
  return ending([
    every(worker, timing.tick, async () => stopUnkeptWork(worker)),
    every(worker, timing.tick, () => stopOverdueWork(worker)),
    every(worker, timing.keep, () => keepJobs(worker)),
  ])
}

/** Sees that actions end that would not end by themselves. Returns a function that stops it. */
export function maintain(worker: WorkerContext): () => void {
  const { timing } = worker
  return ending([
    every(worker, timing.poll, async () => {
      worker.nudge()
      await endOverdue(worker)
      await endCanceled(worker)
    }),
    every(worker, timing.sweep, () => sweepReleased(worker)),
  ])
}

function ending(timers: readonly NodeJS.Timeout[]): () => void {
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

async function stopOverdueWork(worker: WorkerContext): Promise<void> {
  for (const attempt of worker.running.values()) {
    if (attempt.deadlineAt === undefined || attempt.deadlineAt > worker.now()) continue
    attempt.deadlineAt = undefined
    await expire(worker, attempt.actionId)
  }
}

async function endOverdue(worker: WorkerContext): Promise<void> {
  const { store, namespace, now } = worker
  for (const actionId of await store.overdue(namespace, now(), BATCH)) await expire(worker, actionId)
}

async function endCanceled(worker: WorkerContext): Promise<void> {
  const { store, namespace, now, running, options } = worker
  for (const actionId of await store.cancelsSince(namespace, now(), BATCH)) {
    const attempt = running.get(actionId)
    if (attempt) abort(attempt, 'canceled')
  }
  for (const actionId of await store.cancelsSince(namespace, now() - options.cancelGrace, BATCH)) {
    await end(worker, actionId, (current) =>
      current.cancel_requested_at === undefined ? undefined : lifecycle.canceled(current, now(), []),
    )
  }
}

/** Fails an action whose deadline has passed. Work in another system is first given the time to be told. */
function expire(worker: WorkerContext, actionId: string): Promise<void> {
  const { provider, options, now, running } = worker
  const attempt = running.get(actionId)
  if (attempt) abort(attempt, 'deadline')
  return end(worker, actionId, (current) => {
    if (!isOverdue(worker, current)) return undefined
    const remote = provider.work.kind === 'remote' && current.status === 'ACTIVE'
    if (!remote || isOverdue(worker, current, options.cancelGrace)) {
      return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
    }
    return current.runs_on === undefined ? { job: { due_at: now() } } : undefined
  })
}

/** Ends an action from outside, whatever its work does. */
async function end(
  worker: WorkerContext,
  actionId: string,
  decide: (current: StoredAction) => Change | undefined,
): Promise<void> {
  const { store, namespace, telemetry } = worker
  const traceparent = await traceparentOf(worker, actionId)
  const after = await telemetry.background({ name: 'end', action_id: actionId, traceparent }, () =>
    store.transition(namespace, actionId, (current) =>
      lifecycle.isComplete(current) ? undefined : decide(current),
    ),
  )
  if (after && lifecycle.isComplete(after)) worker.running.get(actionId)?.abandoned.resolve()
  else worker.nudge()
}

async function keepJobs(worker: WorkerContext): Promise<void> {
  const { store, namespace, instance, running } = worker
  const attempts = [...running.values()]
  if (attempts.length === 0) return
  const sentAt = performance.now()
  try {
    const { lost } = await store.keepJobs(
      namespace,
      instance,
      attempts.map(({ job }) => job),
    )
    const gone = new Set(lost)
    for (const attempt of attempts) {
      if (gone.has(attempt.actionId)) lose(attempt)
      else attempt.keptAt = sentAt
    }
  } catch (error) {
    logStoreError(worker, error, 'The store could not be told that work goes on')
  }
}

/**
 * Stops work whose lease may end soon, for the store could not be told that it goes on. Work that may not run twice goes on:
 * nobody else would run it, and it may still end well.
 */
function stopUnkeptWork({ store, running, options }: WorkerContext): void {
  const oldest = performance.now() - store.leaseSeconds * 1_000 * SAFE_PART
  for (const attempt of running.values()) {
    if (attempt.keptAt < oldest && (options.restartable || !attempt.started)) abort(attempt, 'lost')
  }
}

async function sweepReleased(worker: WorkerContext): Promise<void> {
  const batch = 500
  while (worker.state === 'working' && (await worker.store.sweepReleased(worker.now(), batch)) === batch);
}

function every(worker: WorkerContext, milliseconds: number, act: () => Promise<void>): NodeJS.Timeout {
  let busy = false
  const timer = setInterval(async () => {
    if (busy) return
    busy = true
    try {
      await act()
    } catch (error) {
      logStoreError(worker, error, 'The store could not be looked through')
    } finally {
      busy = false
    }
  }, milliseconds)
  return timer.unref()
}

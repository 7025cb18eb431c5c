import * as lifecycle from '../action/lifecycle.ts'
import type { Awaitable, Change, StoredAction } from '../store/action-store.ts'
import { type Attempt, abort, lose } from './attempt.ts'
import { TELLING } from './remote.ts'
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
    if (attempt.visits) {
      if (attempt.deadlineAt + worker.options.cancelGrace <= worker.now()) abandonVisit(worker, attempt)
      continue
    }
    attempt.deadlineAt = undefined
    await expire(worker, attempt.actionId)
  }
}

async function endOverdue(worker: WorkerContext): Promise<void> {
  const { store, namespace, now } = worker
  await endAll(
    () => store.overdue(namespace, now(), BATCH),
    (actionId) => expire(worker, actionId),
  )
}

/**
 * Ends actions, those of a batch at the same time: the store makes them durable together. What could not be ended yet
 * is looked at again next time.
 */
async function endAll(
  find: () => Awaitable<string[]>,
  act: (actionId: string) => Promise<boolean>,
): Promise<void> {
  for (;;) {
    const actionIds = await find()
    const ended = await Promise.all(actionIds.map(act))
    if (actionIds.length < BATCH || !ended.includes(true)) return
  }
}

async function endCanceled(worker: WorkerContext): Promise<void> {
  const { provider, store, namespace, now, running, options } = worker
  const time = provider.work.kind === 'remote' ? TELLING : options.cancelGrace
  for (const actionId of await store.cancelsSince(namespace, now(), BATCH)) {
    const attempt = running.get(actionId)
    if (attempt) abort(attempt, 'canceled')
  }
  for (const actionId of await store.cancelsSince(namespace, now() - options.cancelGrace, BATCH)) {
    const attempt = running.get(actionId)
    if (attempt?.visits) abandonVisit(worker, attempt)
  }
  await endAll(
    () => store.cancelsSince(namespace, now() - time, BATCH),
    (actionId) =>
      end(worker, actionId, (current) =>
        current.cancel_requested_at === undefined ? undefined : lifecycle.canceled(current, now(), []),
      ),
  )
}

/** Fails an action whose deadline has passed. Work in another system is first told, by the visit that is due then. */
function expire(worker: WorkerContext, actionId: string): Promise<boolean> {
  const { provider, now, running } = worker
  const attempt = running.get(actionId)
  if (attempt) abort(attempt, 'deadline')
  return end(worker, actionId, (current) => {
    if (!isOverdue(worker, current)) return undefined
    if (provider.work.kind !== 'remote' || isOverdue(worker, current, TELLING)) {
      return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
    }
    return current.status === 'INACTIVE' ? lifecycle.wake(current, now()) : undefined
  })
}

/** Waits no longer for a visit of another system that does not end, where the action must: the next one tells that system. */
function abandonVisit({ options }: WorkerContext, attempt: Attempt): void {
  if (performance.now() - attempt.begunAt > options.cancelGrace) attempt.abandoned.resolve()
}

/** Ends an action from outside, whatever its work does. Resolves with whether it is complete. */
async function end(
  worker: WorkerContext,
  actionId: string,
  decide: (current: StoredAction) => Change | undefined,
): Promise<boolean> {
  const { store, namespace, telemetry } = worker
  const traceparent = await traceparentOf(worker, actionId)
  const after = await telemetry.background({ name: 'end', action_id: actionId, traceparent }, () =>
    store.transition(namespace, actionId, (current) =>
      lifecycle.isComplete(current) ? undefined : decide(current),
    ),
  )
  const complete = after === undefined || lifecycle.isComplete(after)
  if (complete) worker.running.get(actionId)?.abandoned.resolve()
  else worker.nudge()
  return complete
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

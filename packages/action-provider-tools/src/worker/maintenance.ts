import * as lifecycle from '../action/lifecycle.ts'
import { isComplete } from '../documents/action-status.ts'
import type { Awaitable, Change, CurrentAction } from '../store/action-store.ts'
import { REMOTE_CANCEL_TIMEOUT } from './remote-work.ts'
import { nudgeAt } from './run-job.ts'
import { traceparentOf } from './sealed-state.ts'
import {
  type Attempt,
  abort,
  DEADLINE_EXCEEDED,
  isOverdue,
  logStoreError,
  lose,
  type WorkerContext,
} from './worker-context.ts'

/**
 * The part of a lease after which work that runs here is told to stop, unless the store has renewed the
 * lease. The rest is its time to stop before another instance may begin.
 */
const SAFE_PART = 0.8

/** How many actions are ended at the same time. */
const BATCH = 1_000

/** Renews the leases of what runs here, and stops what must not go on. Returns a function that ends this. */
export function maintainAttempts(worker: WorkerContext): () => void {
  const { timing } = worker
  return clearing([
    every(worker, timing.tick, async () => stopExpiring(worker)),
    every(worker, timing.tick, () => stopOverdue(worker)),
    every(worker, timing.tick, () => lookAtWaits(worker)),
    every(worker, timing.poll, () => lookForEvents(worker)),
    // One that is not answered does not keep the next from being sent, on another connection.
    setInterval(() => renewLeases(worker), timing.keep).unref(),
  ])
}

/**
 * Ends overdue and canceled actions, and deletes those past their release. Returns a function that ends this.
 */
export function maintainActions(worker: WorkerContext): () => void {
  const { timing } = worker
  return clearing([
    every(worker, timing.poll, async () => {
      worker.nudge()
      await planWake(worker)
      await endOverdue(worker)
      await endCanceled(worker)
    }),
    every(worker, timing.sweep, () => sweepReleased(worker)),
  ])
}

/** Does at once what is due by now, whenever its next turn would be. */
export async function doWhatIsDue(worker: WorkerContext): Promise<void> {
  await renewLeases(worker)
  await lookAtWaits(worker)
  await stopOverdue(worker)
  await endOverdue(worker)
  await endCanceled(worker)
}

/**
 * Makes the worker look for due jobs at the very time at which the next is due, where that comes before its
 * next poll.
 */
async function planWake(worker: WorkerContext): Promise<void> {
  const due = await worker.store.nextDue(worker.namespace)
  if (due !== undefined) nudgeAt(worker, due)
}

/** Looks which waits in memory are over: their timers do not know that a clock was put forward. */
async function lookAtWaits({ running }: WorkerContext): Promise<void> {
  for (const { waits } of running.values()) waits.look()
}

/** Lets work that is in memory look for events. Suspended work is woken by them. */
async function lookForEvents({ running }: WorkerContext): Promise<void> {
  for (const { waits } of running.values()) waits.lookForEvents()
}

function clearing(timers: readonly NodeJS.Timeout[]): () => void {
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

async function stopOverdue(worker: WorkerContext): Promise<void> {
  for (const attempt of worker.running.values()) {
    if (attempt.deadlineAt === undefined || attempt.deadlineAt > worker.now()) continue
    if (attempt.remote) {
      if (attempt.deadlineAt + worker.options.cancelGrace <= worker.now()) abandonCall(worker, attempt)
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
 * Ends actions batch by batch: the store commits a batch together. What cannot be ended yet is left to the
 * next round.
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
  const time = provider.work.kind === 'remote' ? REMOTE_CANCEL_TIMEOUT : options.cancelGrace
  for (const actionId of await store.cancelsSince(namespace, now(), BATCH)) {
    const attempt = running.get(actionId)
    if (attempt) abort(attempt, 'canceled')
  }
  for (const actionId of await store.cancelsSince(namespace, now() - options.cancelGrace, BATCH)) {
    const attempt = running.get(actionId)
    if (attempt?.remote) abandonCall(worker, attempt)
  }
  await endAll(
    () => store.cancelsSince(namespace, now() - time, BATCH),
    (actionId) =>
      end(worker, actionId, (current) =>
        current.cancel_requested_at === undefined ? undefined : lifecycle.canceled(current, now(), []),
      ),
  )
}

/**
 * Fails an action whose deadline has passed. Work in another system is canceled there first, by the call that
 * is due then.
 */
function expire(worker: WorkerContext, actionId: string): Promise<boolean> {
  const { provider, now, running } = worker
  const attempt = running.get(actionId)
  if (attempt) abort(attempt, 'deadline')
  return end(worker, actionId, (current) => {
    if (!isOverdue(worker, current)) return undefined
    if (provider.work.kind !== 'remote' || isOverdue(worker, current, REMOTE_CANCEL_TIMEOUT)) {
      return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
    }
    return current.status === 'INACTIVE' ? lifecycle.wake(current, now()) : undefined
  })
}

/**
 * Gives up a call to another system that takes too long when its action must end: the next call cancels the
 * work there.
 */
function abandonCall({ options }: WorkerContext, attempt: Attempt): void {
  if (performance.now() - attempt.calledAt > options.cancelGrace) attempt.abandoned.resolve()
}

/** Ends an action whatever its work does. Resolves with whether it is complete. */
async function end(
  worker: WorkerContext,
  actionId: string,
  decide: (current: CurrentAction) => Change | undefined,
): Promise<boolean> {
  const { store, namespace, instrument } = worker
  const traceparent = await traceparentOf(worker, actionId)
  const after = await instrument.background({ name: 'end', action_id: actionId, traceparent }, () =>
    store.transition(namespace, actionId, (current) =>
      isComplete(current.status) ? undefined : decide(current),
    ),
  )
  const complete = after === undefined || isComplete(after.status)
  if (complete) worker.running.get(actionId)?.abandoned.resolve()
  else worker.nudge()
  return complete
}

async function renewLeases(worker: WorkerContext): Promise<void> {
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
      else attempt.keptAt = Math.max(attempt.keptAt, sentAt)
    }
  } catch (error) {
    logStoreError(worker, error, 'The leases of running work could not be renewed')
  }
}

/**
 * Stops work whose lease could not be renewed and may end soon. Work that may not run twice goes on: no other
 * instance would run it, and it may still succeed.
 */
function stopExpiring({ store, running, options }: WorkerContext): void {
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
      logStoreError(worker, error, 'Maintenance of the store failed; it is tried again')
    } finally {
      busy = false
    }
  }, milliseconds)
  return timer.unref()
}

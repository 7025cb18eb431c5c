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
  loseJob,
  type WorkerContext,
} from './worker-context.ts'

/**
 * The fraction of a lease after which an attempt is aborted if its lease was not renewed. The rest of the
 * lease is its time to stop before another instance may take over the job.
 */
const SAFE_FRACTION = 0.8

/** How many actions are ended at once. */
const BATCH = 1_000

/**
 * Starts the timers that keep the attempts of this instance: they renew leases, end waits, and abort attempts
 * whose deadline or lease is over. Returns a function that stops them.
 */
export function maintainAttempts(worker: WorkerContext): () => void {
  const { timing } = worker
  return stopTimers([
    every(worker, timing.tick, async () => stopExpiring(worker)),
    every(worker, timing.tick, () => stopOverdue(worker)),
    every(worker, timing.tick, () => resolveDueWaits(worker)),
    every(worker, timing.poll, () => resolveEventWaits(worker)),
    // A renewal that gets no answer must not delay the next one, which uses another connection.
    setInterval(() => renewLeases(worker), timing.keep).unref(),
  ])
}

/**
 * Starts the timers that look for due jobs, end overdue and canceled actions, and delete released ones.
 * Returns a function that stops them.
 */
export function maintainActions(worker: WorkerContext): () => void {
  const { timing } = worker
  return stopTimers([
    every(worker, timing.poll, async () => {
      worker.nudge()
      await nudgeWhenNextIsDue(worker)
      await endOverdue(worker)
      await endCanceled(worker)
    }),
    every(worker, timing.sweep, () => sweepReleased(worker)),
  ])
}

/** Runs all maintenance at once, for a clock that was moved. */
export async function runMaintenance(worker: WorkerContext): Promise<void> {
  await renewLeases(worker)
  await resolveDueWaits(worker)
  await stopOverdue(worker)
  await endOverdue(worker)
  await endCanceled(worker)
}

/** Nudges the worker when the next job becomes due, if that is before the next poll. */
async function nudgeWhenNextIsDue(worker: WorkerContext): Promise<void> {
  const due = await worker.store.nextDue(worker.namespace)
  if (due !== undefined) nudgeAt(worker, due)
}

/** Ends the waits in memory whose time has come: their timers do not notice that a test clock was moved. */
async function resolveDueWaits({ running }: WorkerContext): Promise<void> {
  for (const { waits } of running.values()) waits.resolveDue()
}

/** Lets attempts in memory look for new events; a suspended one is made due when its event is delivered. */
async function resolveEventWaits({ running }: WorkerContext): Promise<void> {
  for (const { waits } of running.values()) waits.resolveEventWaits()
}

function stopTimers(timers: readonly NodeJS.Timeout[]): () => void {
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
    await failOverdue(worker, attempt.actionId)
  }
}

async function endOverdue(worker: WorkerContext): Promise<void> {
  const { store, namespace, now } = worker
  await endInBatches(
    () => store.overdue(namespace, now(), BATCH),
    (actionId) => failOverdue(worker, actionId),
  )
}

/**
 * Ends actions in batches, since the store commits concurrent changes together. Stops when a batch ended
 * none: the next round tries those again.
 */
async function endInBatches(
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
  await endInBatches(
    () => store.cancelsSince(namespace, now() - time, BATCH),
    (actionId) =>
      endAction(worker, actionId, (current) =>
        current.cancel_requested_at === undefined ? undefined : lifecycle.canceled(current, now(), []),
      ),
  )
}

/**
 * Fails an action whose deadline has passed. Remote work is canceled first: its job becomes due, and the
 * action fails only if that takes longer than REMOTE_CANCEL_TIMEOUT.
 */
function failOverdue(worker: WorkerContext, actionId: string): Promise<boolean> {
  const { provider, now, running } = worker
  const attempt = running.get(actionId)
  if (attempt) abort(attempt, 'deadline')
  return endAction(worker, actionId, (current) => {
    if (!isOverdue(worker, current)) return undefined
    if (provider.work.kind !== 'remote' || isOverdue(worker, current, REMOTE_CANCEL_TIMEOUT)) {
      return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
    }
    return current.status === 'INACTIVE' ? lifecycle.wake(current, now()) : undefined
  })
}

/**
 * Stops waiting for a call to another system that takes longer than the grace period, so that the next call
 * can cancel the work there.
 */
function abandonCall({ options }: WorkerContext, attempt: Attempt): void {
  if (performance.now() - attempt.calledAt > options.cancelGrace) attempt.abandoned.resolve()
}

/** Ends an action, even if its work does not stop. Resolves with whether the action is complete. */
async function endAction(
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
    const lostIds = new Set(lost)
    for (const attempt of attempts) {
      if (lostIds.has(attempt.actionId)) loseJob(attempt)
      else attempt.keptAt = Math.max(attempt.keptAt, sentAt)
    }
  } catch (error) {
    logStoreError(worker, error, 'The leases of running work could not be renewed')
  }
}

/**
 * Aborts attempts whose lease could not be renewed and may end soon. Work that is not restartable continues:
 * no other instance would run it, and it may still succeed.
 */
function stopExpiring({ store, running, options }: WorkerContext): void {
  const oldest = performance.now() - store.leaseSeconds * 1_000 * SAFE_FRACTION
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
      logStoreError(worker, error, 'Maintenance failed and will be tried again')
    } finally {
      busy = false
    }
  }, milliseconds)
  return timer.unref()
}

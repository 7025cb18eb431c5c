import * as lifecycle from '../lifecycle/lifecycle.ts'
import type { Change, StoredAction } from '../store/action-store.ts'
import { abort } from './attempt.ts'
import { traceparentOf } from './sealed-content.ts'
import { DEADLINE_EXCEEDED, isOverdue, logStoreError, type Workshop } from './workshop.ts'

/** Without the word of the store for so long, in milliseconds, another instance may have taken the work over. */
const LEASE = 15_000

/** How many actions are looked at in one go. */
const BATCH = 1_000

/** Sees that actions end that would not end by themselves. Returns a function that stops it. */
export function watch(workshop: Workshop): () => void {
  const { timing } = workshop
  const keeping = { last: performance.now() }
  const timers = [
    every(workshop, timing.tick, () => stopOverdueWork(workshop)),
    every(workshop, timing.poll, async () => {
      workshop.nudge()
      await endOverdue(workshop)
      await endCanceled(workshop)
    }),
    every(workshop, timing.keep, () => keepJobs(workshop, keeping)),
    every(workshop, timing.sweep, () => sweepReleased(workshop)),
  ]
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

async function stopOverdueWork(workshop: Workshop): Promise<void> {
  for (const attempt of workshop.running.values()) {
    if (attempt.deadlineAt === undefined || attempt.deadlineAt > workshop.now()) continue
    attempt.deadlineAt = undefined
    await expire(workshop, attempt.actionId)
  }
}

async function endOverdue(workshop: Workshop): Promise<void> {
  const { store, namespace, now } = workshop
  for (const actionId of await store.overdue(namespace, now(), BATCH)) await expire(workshop, actionId)
}

async function endCanceled(workshop: Workshop): Promise<void> {
  const { store, namespace, now, running, options } = workshop
  for (const actionId of await store.cancelsSince(namespace, now(), BATCH)) {
    const attempt = running.get(actionId)
    if (attempt) abort(attempt, 'canceled')
  }
  for (const actionId of await store.cancelsSince(namespace, now() - options.cancelGrace, BATCH)) {
    await end(workshop, actionId, (current) =>
      current.cancel_requested_at === undefined ? undefined : lifecycle.canceled(current, now(), []),
    )
  }
}

/** Fails an action whose deadline has passed. Work in another system is first given the time to be told. */
function expire(workshop: Workshop, actionId: string): Promise<void> {
  const { provider, options, now, running } = workshop
  const attempt = running.get(actionId)
  if (attempt) abort(attempt, 'deadline')
  return end(workshop, actionId, (current) => {
    if (!isOverdue(workshop, current)) return undefined
    const remote = provider.work.kind === 'remote' && current.status === 'ACTIVE'
    if (!remote || isOverdue(workshop, current, options.cancelGrace)) {
      return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
    }
    return current.runs_on === undefined ? { job: { due_at: now() } } : undefined
  })
}

/** Ends an action from outside, whatever its work does. */
async function end(
  workshop: Workshop,
  actionId: string,
  decide: (current: StoredAction) => Change | undefined,
): Promise<void> {
  const { store, namespace, telemetry } = workshop
  const traceparent = await traceparentOf(workshop, actionId)
  const after = await telemetry.background({ name: 'end', action_id: actionId, traceparent }, () =>
    store.transition(namespace, actionId, (current) =>
      lifecycle.isComplete(current) ? undefined : decide(current),
    ),
  )
  if (after && lifecycle.isComplete(after)) workshop.running.get(actionId)?.abandoned.resolve()
  else workshop.nudge()
}

async function keepJobs(workshop: Workshop, keeping: { last: number }): Promise<void> {
  const { store, namespace, instance, running } = workshop
  const leased = [...running.values()].filter((attempt) => attempt.leased)
  if (leased.length === 0) {
    keeping.last = performance.now()
    return
  }
  try {
    const ids = leased.map((attempt) => attempt.actionId)
    const lost = new Set((await store.keepJobs(namespace, instance, ids)).lost)
    keeping.last = performance.now()
    for (const attempt of leased) if (lost.has(attempt.actionId)) abort(attempt, 'lost')
  } catch (error) {
    logStoreError(workshop, error, 'The store could not be told that work goes on')
    // Where several instances share a store, another may have taken the work over meanwhile.
    if (store.kind === 'postgres' && performance.now() - keeping.last > LEASE) {
      for (const attempt of leased) abort(attempt, 'lost')
    }
  }
}

async function sweepReleased(workshop: Workshop): Promise<void> {
  const batch = 500
  while (
    workshop.state === 'working' &&
    (await workshop.store.sweepReleased(workshop.now(), batch)) === batch
  );
}

function every(workshop: Workshop, milliseconds: number, act: () => Promise<void>): NodeJS.Timeout {
  let busy = false
  const timer = setInterval(async () => {
    if (busy) return
    busy = true
    try {
      await act()
    } catch (error) {
      logStoreError(workshop, error, 'The store could not be looked through')
    } finally {
      busy = false
    }
  }, milliseconds)
  return timer.unref()
}

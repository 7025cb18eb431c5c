import * as lifecycle from '../action/lifecycle.ts'
import type { ActionDetails } from '../documents/action-status.ts'
import type { Change } from '../store/action-store.ts'
import type { Attempt } from './attempt.ts'
import { logEntry } from './context.ts'
import { toDetails } from './details.ts'
import type { UnknownKey } from './encryption.ts'
import { type Ending, endingOf, jittered } from './failure.ts'
import { mustEnd, nextVisit, pollInterval, TOLD, Visited } from './remote.ts'
import type { StateKeeper } from './sealed-state.ts'
import { DEADLINE_EXCEEDED, INTERRUPTED, isOverdue, type WorkerContext } from './worker-context.ts'

/** How one run of the work ended. */
export type Outcome =
  | Ending
  | { kind: 'done'; details: ActionDetails }
  /** Work in another system was started or asked about, and goes on. */
  | { kind: 'visited'; details?: ActionDetails; displayStatus?: string }
  /** The other system was told that its work must end; or could not be, for a reason that does not pass. */
  | { kind: 'told'; unexpected?: unknown }
  /** What the work needs is sealed with a key that this instance does not know. */
  | { kind: 'unreadable'; error: UnknownKey }
  /** The action ended without it. */
  | { kind: 'abandoned' }

const ABANDONED = Symbol('abandoned')

/** Waits for the work, or until nobody waits for it any more. Never rejects. */
export async function outcomeOf(
  worker: WorkerContext,
  attempt: Attempt,
  work: Promise<unknown>,
): Promise<Outcome> {
  try {
    const result = await Promise.race([work, attempt.abandoned.promise.then(() => ABANDONED)])
    if (result === ABANDONED) return { kind: 'abandoned' }
    if (result === TOLD) return { kind: 'told' }
    if (result instanceof Visited) return { kind: 'visited', ...result.found }
    return { kind: 'done', details: toDetails(result) }
  } catch (error) {
    return failureOutcome(worker, attempt, error)
  } finally {
    // Abandoned work may still fail, and nobody will be there to hear of it.
    work.catch(() => {})
  }
}

/** What the outcome of a run comes to, by what is known of it besides. */
export function judge(attempt: Attempt, keeper: StateKeeper, outcome: Outcome): Outcome {
  const failed = outcome.kind === 'failed' || outcome.kind === 'paused' || outcome.kind === 'retry'
  if (failed && keeper.unreadable) return { kind: 'unreadable', error: keeper.unreadable }
  if (!attempt.visits) return outcome
  if (outcome.kind === 'abandoned') return attempt.telling ? { kind: 'told' } : { kind: 'interrupted' }
  if (!attempt.telling) return outcome
  if (outcome.kind === 'failed') return { kind: 'told', unexpected: outcome.unexpected ?? outcome.failure }
  if (outcome.kind === 'paused') return { kind: 'told', unexpected: outcome.why }
  return outcome
}

/** What an error of the work means for its action. */
export function failureOutcome(worker: WorkerContext, attempt: Attempt, error: unknown): Ending {
  return endingOf(error, {
    failures: attempt.failures,
    retry: worker.options.retry,
    scope: worker.auth.scope,
    signal: attempt.controller.signal,
  })
}

/** The change that an outcome makes to its action. */
export function changeOf(
  worker: WorkerContext,
  current: lifecycle.LivingAction,
  outcome: Exclude<Outcome, { kind: 'abandoned' }>,
  at: number,
): Change {
  const canceled = current.cancel_requested_at !== undefined
  const remote = worker.provider.work.kind === 'remote'
  switch (outcome.kind) {
    case 'done':
      return lifecycle.succeed(current, outcome.details, at)
    case 'failed':
      return lifecycle.fail(current, outcome.failure, at)
    case 'paused':
      if (remote && mustEnd(worker, current)) return { runs_on: null, job: { due_at: at } }
      return lifecycle.pause(current, outcome.why, at)
    case 'retry': {
      if (canceled && !remote) return lifecycle.canceled(current, at, [])
      const said = logEntry(
        worker,
        'Retrying',
        `The work failed for a passing reason and will be tried again: ${outcome.reason}`,
      )
      const due_at = remote ? nextVisit(current, at + outcome.after, at) : at + outcome.after
      return lifecycle.retry(due_at, outcome.failures, [said])
    }
    case 'visited': {
      // What must end meanwhile: the next visit, at once, tells the other system.
      const due_at = mustEnd(worker, current) ? at : nextVisit(current, at + pollInterval(worker), at)
      const change = lifecycle.progress(current, outcome, [])
      return { ...change, failures: 0, runs_on: null, job: { due_at } }
    }
    case 'told':
      return canceled ? lifecycle.canceled(current, at, []) : lifecycle.fail(current, DEADLINE_EXCEEDED, at)
    case 'unreadable': {
      if (canceled && !remote) return lifecycle.canceled(current, at, [])
      const due_at = at + pauseBefore(current.attempt)
      return { runs_on: null, job: { due_at, left_by: worker.instance } }
    }
    case 'interrupted':
      if (remote && mustEnd(worker, current)) return { runs_on: null, job: { due_at: at } }
      if (canceled) return lifecycle.canceled(current, at, [])
      if (isOverdue(worker, current)) return lifecycle.fail(current, DEADLINE_EXCEEDED, at)
      if (!worker.options.restartable) return lifecycle.fail(current, INTERRUPTED, at)
      return { runs_on: null, job: { due_at: at } }
  }
}

/** How long work that only another instance can do waits before it is offered to all again: longer each time, 30 s at most. */
function pauseBefore(attempt: number): number {
  return jittered(Math.min(500 * 2 ** attempt, 30_000))
}

import * as lifecycle from '../action/lifecycle.ts'
import type { ActionDetails } from '../documents/action-status.ts'
import type { Change, StoredAction } from '../store/action-store.ts'
import type { Attempt } from './attempt.ts'
import { logEntry } from './context.ts'
import { toDetails } from './details.ts'
import { type Ending, endingOf } from './failure.ts'
import { pollInterval, Visited } from './remote.ts'
import { DEADLINE_EXCEEDED, INTERRUPTED, isOverdue, type WorkerContext } from './worker-context.ts'

/** How one run of the work ended. */
export type Outcome =
  | Ending
  | { kind: 'done'; details: ActionDetails }
  /** Work in another system was started or asked about, and goes on. */
  | { kind: 'visited'; details?: ActionDetails; displayStatus?: string }
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
    if (result instanceof Visited) return { kind: 'visited', ...result.found }
    return { kind: 'done', details: toDetails(result) }
  } catch (error) {
    return failureOutcome(worker, attempt, error)
  } finally {
    // Abandoned work may still fail, and nobody will be there to hear of it.
    work.catch(() => {})
  }
}

/** What an error of the work means for its action. */
export function failureOutcome(worker: WorkerContext, attempt: Attempt, error: unknown): Ending {
  return endingOf(error, {
    attempt: attempt.number,
    retry: worker.options.retry,
    scope: worker.auth.scope,
    signal: attempt.controller.signal,
  })
}

/** The change that an outcome makes to its action. */
export function changeOf(
  worker: WorkerContext,
  current: StoredAction,
  outcome: Exclude<Outcome, { kind: 'abandoned' }>,
  at: number,
): Change {
  const canceled = current.cancel_requested_at !== undefined
  switch (outcome.kind) {
    case 'done':
      return lifecycle.succeed(current, outcome.details, at)
    case 'failed':
      return lifecycle.fail(current, outcome.failure, at)
    case 'paused':
      return lifecycle.pause(current, outcome.why, at)
    case 'retry': {
      if (canceled) return lifecycle.canceled(current, at, [])
      const said = logEntry(
        worker,
        'Retrying',
        'The work failed for a passing reason and will be tried again',
      )
      return lifecycle.retry(at + outcome.after, [said])
    }
    case 'visited': {
      // Canceled meanwhile: the next visit, at once, tells the other system.
      const due_at = canceled ? at : at + pollInterval(worker)
      return { ...lifecycle.progress(current, outcome, []), runs_on: null, job: { due_at } }
    }
    case 'interrupted':
      if (canceled) return lifecycle.canceled(current, at, [])
      if (isOverdue(worker, current)) return lifecycle.fail(current, DEADLINE_EXCEEDED, at)
      if (!worker.options.restartable) return lifecycle.fail(current, INTERRUPTED, at)
      return { runs_on: null, job: { due_at: at } }
  }
}

import * as lifecycle from '../action/lifecycle.ts'
import { type ActionDetails, toDetails } from '../documents/action-status.ts'
import {
  ActionFailed,
  ActionProviderToolsError,
  ConsentRequired,
  ServiceUnavailable,
  TemporaryFailure,
  WorkInterrupted,
} from '../errors.ts'
import { errorFacts } from '../log.ts'
import type { CompleteRetry } from '../provider/work-options.ts'
import { backoff, jittered } from '../retry.ts'
import type { Change } from '../store/action-store.ts'
import type { Suspension } from './attempt-waits.ts'
import type { UnknownKey } from './encryption.ts'
import { logEntry } from './progress-buffer.ts'
import { mustEnd, nextPoll, pollInterval, REMOTELY_CANCELED, StillRunning } from './remote-work.ts'
import type { AttemptState } from './sealed-state.ts'
import {
  type Attempt,
  abort,
  DEADLINE_EXCEEDED,
  INTERRUPTED,
  isOverdue,
  type WorkerContext,
} from './worker-context.ts'

/** The outcome of an attempt whose work threw. */
type Failure =
  | { kind: 'failed'; failure: lifecycle.Failure; unexpected?: unknown }
  | { kind: 'paused'; why: lifecycle.Inactivity }
  /** `failures` counts the failures so far, `after` is the pause before the next try in milliseconds. */
  | { kind: 'retry'; reason: string; failures: number; after: number; cause: unknown }
  /** The work stopped because its signal was aborted. */
  | { kind: 'interrupted' }

/** The outcome of an attempt. */
export type Outcome =
  | Failure
  | { kind: 'done'; details: ActionDetails }
  /** Remote work was started or polled, and continues. */
  | { kind: 'polled'; details?: ActionDetails; displayStatus?: string }
  /** Remote work was canceled, or could not be because of the error `unexpected`. */
  | { kind: 'canceled'; unexpected?: unknown }
  /** The sealed state needs a key that this instance does not have. */
  | { kind: 'unreadable'; error: UnknownKey }
  /** The attempt only waits; its work runs again when the wait is over. */
  | ({ kind: 'suspended'; eventsSeen: number } & Suspension)
  /** The action ended without waiting for the attempt. */
  | { kind: 'abandoned' }

const ABANDONED = Symbol('abandoned')
const SUSPENDED = Symbol('suspended')

/** Thrown by `pause` of the run context. */
export class Paused extends Error {
  override readonly name = 'Paused'
  readonly why: lifecycle.Inactivity

  constructor(why: lifecycle.Inactivity) {
    super(`The work is paused: ${why.description}`)
    this.why = why
  }
}

/** Waits until the work ends, is suspended or is abandoned. Never rejects. */
export async function outcomeOf(
  worker: WorkerContext,
  attempt: Attempt,
  work: Promise<unknown>,
): Promise<Outcome> {
  try {
    const { abandoned, waits } = attempt
    const result = await Promise.race([
      work,
      abandoned.promise.then(() => ABANDONED),
      waits.suspended.then(() => SUSPENDED),
    ])
    if (result === ABANDONED) return { kind: 'abandoned' }
    if (result === SUSPENDED) {
      abort(attempt, 'suspended')
      return { kind: 'suspended', ...(await waits.suspended), eventsSeen: attempt.eventsSeen }
    }
    if (result === REMOTELY_CANCELED) return { kind: 'canceled' }
    if (result instanceof StillRunning) return { kind: 'polled', ...result.found }
    return { kind: 'done', details: toDetails(result) }
  } catch (error) {
    return failureOutcome(worker, attempt, error)
  } finally {
    // Abandoned work may still reject later, when nothing handles that.
    work.catch(() => {})
  }
}

/**
 * Corrects an outcome: a failure may come from sealed state that cannot be read, and that of remote work
 * depends on whether the call was to cancel it.
 */
export function correctedOutcome(attempt: Attempt, state: AttemptState, outcome: Outcome): Outcome {
  const failed = outcome.kind === 'failed' || outcome.kind === 'paused' || outcome.kind === 'retry'
  if (failed && state.unreadable) return { kind: 'unreadable', error: state.unreadable }
  if (!attempt.remote) return outcome
  if (outcome.kind === 'abandoned') return attempt.canceling ? { kind: 'canceled' } : { kind: 'interrupted' }
  if (!attempt.canceling) return outcome
  if (outcome.kind === 'failed')
    return { kind: 'canceled', unexpected: outcome.unexpected ?? outcome.failure }
  if (outcome.kind === 'paused') return { kind: 'canceled', unexpected: outcome.why }
  return outcome
}

/**
 * The outcome of an error that the work threw. Callers see only what was written for them: the details of
 * ActionFailed and the messages of this library's errors. For any other error they see `ActionProviderError`,
 * without the message.
 */
export function failureOutcome(worker: WorkerContext, attempt: Attempt, error: unknown): Failure {
  const { retry } = worker.options
  const { failures } = attempt
  const { signal } = attempt.controller
  if (error instanceof Paused) return { kind: 'paused', why: error.why }
  if (signal.aborted && isAbort(error, signal)) return { kind: 'interrupted' }
  if (error instanceof ConsentRequired)
    return { kind: 'paused', why: consentNeeded(error, worker.auth.scope) }
  if (error instanceof ActionFailed) return { kind: 'failed', failure: error.details }
  if (error instanceof TemporaryFailure) return temporaryFailure(error, failures + 1, retry)
  // Something that the work needs is unavailable. This does not count as a failure of the work; the action's
  // deadline limits the retries.
  if (error instanceof ServiceUnavailable) {
    // A Retry-After of 0 would retry without a pause.
    const after = jittered(Math.min((error.retryAfter || 5) * 1_000, retry.maximumBackoff))
    return { kind: 'retry', reason: error.message, failures, after, cause: error }
  }
  if (error instanceof ActionProviderToolsError) {
    return { kind: 'failed', failure: error.toDocument(), ...(error.status >= 500 && { unexpected: error }) }
  }
  return {
    kind: 'failed',
    failure: {
      code: 'ActionProviderError',
      description: "The provider's work failed; its operators have been told",
    },
    unexpected: error,
  }
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return (
    error === signal.reason ||
    error instanceof WorkInterrupted ||
    (error instanceof Error && (error.name === 'AbortError' || error.cause === signal.reason))
  )
}

/**
 * Why an action needs consent. Its `required_scope` is the provider's scope with the missing scope as
 * dependent: `A[B]`.
 */
function consentNeeded(error: ConsentRequired, scope: string): lifecycle.Inactivity {
  const required_scope = error.required_scope.startsWith(scope)
    ? error.required_scope
    : `${scope}[${error.required_scope}]`
  return {
    code: 'ConsentRequired',
    description: `The work needs your consent to ${error.required_scope}: log in for required_scope, then resume the action`,
    required_scope,
  }
}

/** @param failures counts the failures so far, including this one */
function temporaryFailure(error: TemporaryFailure, failures: number, policy: CompleteRetry): Failure {
  const { limit, backoff: first, maximumBackoff: most } = policy
  if (failures >= limit) {
    const description = `The work failed temporarily too often: ${error.message}`
    return { kind: 'failed', failure: { code: 'TemporaryFailure', description }, unexpected: error }
  }
  const after = Math.max(error.retryAfter ?? 0, backoff(failures, { first, most }))
  return { kind: 'retry', reason: error.message, failures, after, cause: error }
}

/**
 * The change of an action that follows from the outcome of an attempt.
 * @param at when the attempt ended, in milliseconds since 1970
 */
export function changeOf(
  worker: WorkerContext,
  current: lifecycle.LivingAction & { events?: number },
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
      const entry = logEntry(
        worker.now(),
        'Retrying',
        `The work failed temporarily and will be tried again: ${outcome.reason}`,
      )
      const due_at = remote ? nextPoll(current, at + outcome.after, at) : at + outcome.after
      return lifecycle.retry(due_at, outcome.failures, [entry])
    }
    case 'polled': {
      // If the action must end, the job is due at once, to cancel the work.
      const due_at = mustEnd(worker, current) ? at : nextPoll(current, at + pollInterval(worker), at)
      const change = lifecycle.progress(current, outcome, [])
      return { ...change, failures: 0, runs_on: null, job: { due_at } }
    }
    case 'canceled':
      return canceled ? lifecycle.canceled(current, at, []) : lifecycle.fail(current, DEADLINE_EXCEEDED, at)
    case 'unreadable': {
      if (canceled && !remote) return lifecycle.canceled(current, at, [])
      // Another instance may take the job at once, this one only after a while.
      const due_at = at + backoff(current.attempt, { first: 1_000, most: 30_000 })
      return { runs_on: null, job: { due_at, left_by: worker.instance } }
    }
    case 'suspended':
      if (canceled) return lifecycle.canceled(current, at, [])
      // An event came that the attempt has not seen: the job is due at once.
      if ((current.events ?? 0) > outcome.eventsSeen) return lifecycle.suspend(current, at)
      return lifecycle.suspend(current, outcome.until, outcome)
    case 'interrupted':
      if (remote && mustEnd(worker, current)) return { runs_on: null, job: { due_at: at } }
      if (canceled) return lifecycle.canceled(current, at, [])
      if (isOverdue(worker, current)) return lifecycle.fail(current, DEADLINE_EXCEEDED, at)
      if (!worker.options.restartable) return lifecycle.fail(current, INTERRUPTED, at)
      return { runs_on: null, job: { due_at: at } }
  }
}

/** Logs the errors that callers do not see. */
export function logOutcome({ log }: WorkerContext, { actionId }: Attempt, outcome: Outcome): void {
  const facts = (error: unknown): object => ({ err: errorFacts(error), action_id: actionId })
  if (outcome.kind === 'failed' && 'unexpected' in outcome) {
    log.error(facts(outcome.unexpected), 'The work of an action failed')
  }
  if (outcome.kind === 'canceled' && outcome.unexpected !== undefined) {
    log.error(
      facts(outcome.unexpected),
      'The other system could not be asked to cancel the work of an action',
    )
  }
  if (outcome.kind === 'unreadable') {
    log.error(
      facts(outcome.error),
      'This instance cannot open the sealed state of an action: it leaves the job to other instances, and tries again later',
    )
  }
  if (outcome.kind === 'retry') {
    log.warn({ ...facts(outcome.cause), after: outcome.after }, 'The work of an action will be tried again')
  }
}

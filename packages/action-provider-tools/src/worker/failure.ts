import type { Failure, Inactivity } from '../action/lifecycle.ts'
import {
  ActionFailed,
  ActionProviderToolsError,
  ConsentRequired,
  ServiceUnavailable,
  TemporaryFailure,
  WorkInterrupted,
} from '../errors.ts'
import type { RetryPolicy } from '../provider/define-action-provider.ts'

/** Why the work of an action ended without a result. */
export type Ending =
  | { kind: 'failed'; failure: Failure; unexpected?: unknown }
  | { kind: 'paused'; why: Inactivity }
  /** `failures` is how often the work has failed by now. */
  | { kind: 'retry'; reason: string; failures: number; after: number; cause: unknown }
  /** The work stopped because its signal aborted. */
  | { kind: 'interrupted' }

/** Thrown by `pause` in an author's work. */
export class Paused extends Error {
  override readonly name = 'Paused'
  readonly why: Inactivity

  constructor(why: Inactivity) {
    super(`The work waits: ${why.description}`)
    this.why = why
  }
}

/**
 * What follows from an error that the work threw. Only what was written for callers reaches them: the details of
 * ActionFailed and the text of this library's errors. Anything else is named `ActionProviderError` and nothing of it is shown.
 */
export function endingOf(
  error: unknown,
  context: { failures: number; retry: RetryPolicy; scope: string; signal: AbortSignal },
): Ending {
  if (error instanceof Paused) return { kind: 'paused', why: error.why }
  if (context.signal.aborted && isAbort(error, context.signal)) return { kind: 'interrupted' }
  if (error instanceof ConsentRequired) return { kind: 'paused', why: consent(error, context.scope) }
  if (error instanceof ActionFailed) return { kind: 'failed', failure: error.details }
  if (error instanceof TemporaryFailure) return temporary(error, context.failures + 1, context.retry)
  // What the work needs is away: no fault of the work, which its deadline bounds.
  if (error instanceof ServiceUnavailable) {
    const { failures } = context
    const after = jittered(Math.min(secondsToWait(error) * 1_000, context.retry.maximumBackoff ?? 60_000))
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

/** The scope to log in with is the provider's own with the missing one as its dependent: `A[B]`. */
function consent(error: ConsentRequired, scope: string): Inactivity {
  const required_scope = error.required_scope.startsWith(scope)
    ? error.required_scope
    : `${scope}[${error.required_scope}]`
  return {
    code: 'ConsentRequired',
    description: `The work needs your consent to ${error.required_scope}: log in for required_scope, then resume the action`,
    required_scope,
  }
}

/** @param failures how often the work has failed by now, this time included */
function temporary(error: TemporaryFailure, failures: number, policy: RetryPolicy): Ending {
  const { limit = 5, backoff = 1_000, maximumBackoff = 60_000 } = policy
  if (failures >= limit) {
    const description = `The work failed too often for a passing reason: ${error.message}`
    return { kind: 'failed', failure: { code: 'TemporaryFailure', description }, unexpected: error }
  }
  const wait = jittered(Math.min(backoff * 2 ** (failures - 1), maximumBackoff))
  const after = Math.max(error.retryAfter ?? 0, wait)
  return { kind: 'retry', reason: error.message, failures, after, cause: error }
}

function secondsToWait(error: ServiceUnavailable): number {
  return Number(error.headers['retry-after']) || 5
}

/** By chance a quarter more or less, so that not all come again at once. */
export function jittered(wait: number): number {
  return Math.round(wait * (0.75 + Math.random() / 2))
}

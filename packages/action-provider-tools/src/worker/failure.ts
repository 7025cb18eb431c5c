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
  | { kind: 'retry'; failure: Failure; after: number; cause: unknown }
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
  context: { attempt: number; retry: RetryPolicy; scope: string; signal: AbortSignal },
): Ending {
  if (error instanceof Paused) return { kind: 'paused', why: error.why }
  if (context.signal.aborted && isAbort(error, context.signal)) return { kind: 'interrupted' }
  if (error instanceof ConsentRequired) return { kind: 'paused', why: consent(error, context.scope) }
  if (error instanceof ActionFailed) return { kind: 'failed', failure: error.details }
  if (error instanceof TemporaryFailure || error instanceof ServiceUnavailable) {
    const failure = {
      code: 'TemporaryFailure',
      description: 'The work failed too often for a passing reason',
    }
    const { limit = 5 } = context.retry
    if (context.attempt >= limit) return { kind: 'failed', failure, unexpected: error }
    return { kind: 'retry', failure, after: waitBefore(context.attempt, context.retry, error), cause: error }
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

function waitBefore(attempt: number, policy: RetryPolicy, error: Error): number {
  const { backoff = 1_000, maximumBackoff = 60_000 } = policy
  const wait = Math.min(backoff * 2 ** (attempt - 1), maximumBackoff)
  const asked = error instanceof TemporaryFailure ? (error.retryAfter ?? 0) : 0
  return Math.max(asked, Math.round(wait * (0.75 + Math.random() / 2)))
}

/**
 * Every error this library answers with, in one table: its code, its HTTP status and when it is used
 * (interface, "Codes"). Authors throw the same classes from callbacks and hooks.
 *
 * @example
 * throw new ActionConflict('This action is not complete: cancel it first, then release it')
 */

import { type Duration, durationOf } from './documents/duration.ts'

/** The document of an error (interface, "Documents"), as JSON Schema. */
export const ErrorDocument = {
  type: 'object',
  required: ['code', 'description'],
  properties: { code: { type: 'string', minLength: 1 }, description: { type: 'string' } },
} as const
export type ErrorDocument = { code: string; description: string }

/** Further facts an error may carry into its answer. */
export type ErrorOptions = {
  /** Response headers, for example `Retry-After`. */
  headers?: Record<string, string>
  /** The cause. It is logged and never sent. */
  cause?: unknown
}

/** The base of all errors that are answers. `description` is shown to the caller: put no secret into it. */
export abstract class ActionProviderToolsError extends Error {
  abstract readonly status: number
  abstract readonly code: string
  readonly headers: Record<string, string>

  constructor(description: string, options: ErrorOptions = {}) {
    super(description, options.cause === undefined ? undefined : { cause: options.cause })
    this.headers = options.headers ?? {}
  }

  override get name(): string {
    return this.code
  }

  /** The seconds in the header `Retry-After`, if it has one. */
  get retryAfter(): number | undefined {
    const [, value = ''] =
      Object.entries(this.headers).find(([name]) => name.toLowerCase() === 'retry-after') ?? []
    return /^\d+$/.test(value) ? Number(value) : undefined
  }

  /** The body of the answer. */
  toDocument(): ErrorDocument {
    return { code: this.code, description: this.message }
  }
}

/** 400: the body is not JSON, empty, or not UTF-8. */
export class BadActionRequest extends ActionProviderToolsError {
  readonly status = 400
  readonly code = 'BadActionRequest'
}

/** 401: no bearer token, or one that is malformed, inactive, expired or revoked. */
export class UnauthorizedRequest extends ActionProviderToolsError {
  readonly status = 401
  readonly code = 'UnauthorizedRequest'

  constructor(
    description = 'This operation needs a Globus token: send it as "Authorization: Bearer <token>"',
    options: ErrorOptions = {},
  ) {
    super(description, {
      ...options,
      headers: { 'www-authenticate': 'Bearer realm="action-provider"', ...options.headers },
    })
  }
}

/** 403: the token lacks the scope, or the caller is neither in visible_to nor in runnable_by. */
export class ForbiddenRequest extends ActionProviderToolsError {
  readonly status = 403
  readonly code = 'ForbiddenRequest'
}

/** 404: no such action, or none that this caller may see or manage. */
export class ActionNotFound extends ActionProviderToolsError {
  readonly status = 404
  readonly code = 'ActionNotFound'

  constructor(description = 'There is no such action, or you may not access it', options: ErrorOptions = {}) {
    super(description, options)
  }
}

/** 404: no such route. */
export class NotFound extends ActionProviderToolsError {
  readonly status = 404
  readonly code = 'NotFound'
}

/** 405: the route exists, but not with this method. */
export class MethodNotAllowed extends ActionProviderToolsError {
  readonly status = 405
  readonly code = 'MethodNotAllowed'
}

/** 409: a repeated request_id with other content, or an operation that the action's state does not allow. */
export class ActionConflict extends ActionProviderToolsError {
  readonly status = 409
  readonly code = 'ActionConflict'
}

/** 413: the body is over the limit. */
export class PayloadTooLarge extends ActionProviderToolsError {
  readonly status = 413
  readonly code = 'PayloadTooLarge'
}

/** 422: the request, its input or a query argument does not fit its schema. */
export class RequestValidationError extends ActionProviderToolsError {
  readonly status = 422
  readonly code = 'RequestValidationError'
}

/** 429: this caller sends more than the provider allows. */
export class TooManyRequests extends ActionProviderToolsError {
  readonly status = 429
  readonly code = 'TooManyRequests'
}

/** 500: a fault of the provider. The answer says nothing about it, the log everything. */
export class ActionProviderError extends ActionProviderToolsError {
  readonly status = 500
  readonly code = 'ActionProviderError'

  constructor(
    description = 'The action provider failed; its operators have been told',
    options: ErrorOptions = {},
  ) {
    super(description, options)
  }
}

/** 503: Globus Auth, Globus Groups or the database cannot be reached, throttles or fails. */
export class ServiceUnavailable extends ActionProviderToolsError {
  readonly status = 503
  readonly code = 'ServiceUnavailable'

  /** `retryAfter` is in whole seconds. */
  constructor(description: string, options: ErrorOptions & { retryAfter?: number } = {}) {
    const { retryAfter = 5, ...rest } = options
    super(description, { ...rest, headers: { 'retry-after': String(retryAfter), ...options.headers } })
  }
}

/** 403, or an action that turns INACTIVE: the caller has not consented to a scope that the work needs. */
export class ConsentRequired extends ActionProviderToolsError {
  readonly status = 403
  readonly code = 'ConsentRequired'
  /** The scope to consent to. */
  readonly required_scope: string

  constructor(requiredScope: string, options: ErrorOptions = {}) {
    super(`Consent is needed for the scope ${requiredScope}: log in again and ask for it`, options)
    this.required_scope = requiredScope
  }
}

/**
 * The work of an action has failed. This becomes the details of the FAILED action, for its caller.
 *
 * @example
 * throw new ActionFailed({ code: 'QuotaExceeded', description: 'The project has no storage left', quota: 10 })
 */
export class ActionFailed extends Error {
  override readonly name = 'ActionFailed'
  readonly details: { code: string; description: string } & Record<string, unknown>

  constructor(
    details: { code: string; description: string } & Record<string, unknown>,
    options?: { cause?: unknown },
  ) {
    super(details.description, options)
    this.details = details
  }
}

/**
 * The work of an action has failed for now, and runs again as the provider's retry policy says. Callers see
 * the message in the log of the action and, at the limit, in its details: put no secret into it.
 */
export class TemporaryFailure extends Error {
  override readonly name = 'TemporaryFailure'
  /** The shortest wait in milliseconds, if the other side asked for one. */
  readonly retryAfter: number | undefined

  /** @throws RangeError if `retryAfter` is not a duration */
  constructor(message: string, options: { retryAfter?: Duration; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.retryAfter = options.retryAfter === undefined ? undefined : durationOf(options.retryAfter)
  }
}

/** Why the signal of a running action aborted. */
export class WorkInterrupted extends Error {
  override readonly name = 'WorkInterrupted'
  readonly reason: 'canceled' | 'deadline' | 'shutdown' | 'lost' | 'suspended'

  constructor(reason: WorkInterrupted['reason']) {
    super(
      {
        canceled: 'The action was canceled',
        deadline: "The action's deadline has passed",
        shutdown: 'This instance shuts down',
        lost: 'Another instance has taken the action over',
        suspended: 'The work waits: it will be run again when that is over',
      }[reason],
    )
    this.reason = reason
  }
}

/** No event arrived in the time that the work waits. If the work does not catch it, the action is FAILED. */
export class WaitTimeout extends ActionFailed {
  readonly event: string

  constructor(event: string) {
    super({ code: 'WaitTimeout', description: `The event '${event}' did not come in time`, event })
    this.event = event
  }
}

/** Work that runs again does not match its recorded steps: a name has another kind than before. */
export class StepMismatch extends Error {
  override readonly name = 'StepMismatch'

  constructor(step: string, now: string, before: string) {
    super(
      `The step '${step}' is a ${now} now, and was a ${before} when this work ran before: give it another name, or the provider another version`,
    )
  }
}

/**
 * A provider, its description or its configuration is wrong. Thrown when it is defined, before anything is
 * served.
 */
export class InvalidDefinition extends Error {
  override readonly name = 'InvalidDefinition'
}

/**
 * A database cannot be used at all: its path, its content or its access is wrong. Thrown when it is opened.
 */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable'
}

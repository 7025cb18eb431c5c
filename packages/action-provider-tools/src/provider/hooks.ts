import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { Awaitable } from '../store/action-store.ts'

/** The operations of the interface. */
export type Operation =
  | 'introspect'
  | 'run'
  | 'status'
  | 'cancel'
  | 'resume'
  | 'event'
  | 'release'
  | 'log'
  | 'updates'
  | 'enumerate'

/** The request, as a hook gets it. */
export type OperationEvent = {
  operation: Operation
  /** Absent for a public introspect and for callers who are not authenticated. */
  auth?: AuthState
  action_id?: string
  /** The validated request of a run. */
  request?: ActionRequest
}

/** The hooks of an author around every operation. */
export type Hooks = {
  /**
   * Called when the caller is authorized, before the operation. If it throws an error of this library, that
   * is the answer.
   */
  before?: (event: OperationEvent) => Awaitable<void>
  /** Called after each answer. Errors that it throws are logged. */
  after?: (event: OperationEvent & { statusCode: number; durationMs: number }) => Awaitable<void>
}

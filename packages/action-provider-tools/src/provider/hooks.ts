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

/** What a hook is given of a request. */
export type OperationEvent = {
  operation: Operation
  /** Absent for a public introspect, and where the caller was not authenticated. */
  auth?: AuthState
  action_id?: string
  /** The validated request of a run. */
  request?: ActionRequest
}

/** What an author does around every operation. */
export type Hooks = {
  /**
   * Called when the caller is authorized, before the operation. An error of this library that it throws is
   * the answer.
   */
  before?: (event: OperationEvent) => Awaitable<void>
  /** Called when any answer has been sent. What it throws is logged. */
  after?: (event: OperationEvent & { statusCode: number; durationMs: number }) => Awaitable<void>
}

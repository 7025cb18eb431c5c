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
  | 'release'
  | 'log'
  | 'enumerate'

/** What a hook learns of a request. */
export type OperationEvent = {
  operation: Operation
  /** Absent for a public introspect, and wherever the caller could not be authenticated. */
  auth?: AuthState
  action_id?: string
  /** The validated request of a run. */
  request?: ActionRequest
}

/** What an author wants to do around every operation. */
export type Hooks = {
  /** Called once the caller may do it and before it is done. Throwing an error of this library refuses it with that answer. */
  before?: (event: OperationEvent) => Awaitable<void>
  /** Called when the answer has been sent, whatever it was. What it throws is logged. */
  after?: (event: OperationEvent & { statusCode: number; durationMs: number }) => Awaitable<void>
}

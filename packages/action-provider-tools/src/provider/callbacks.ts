import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogPage } from '../documents/log-page.ts'
import type { Role } from '../documents/principal.ts'
import type { Awaitable } from '../store/action-store.ts'

/** The caller and the action of a callback. */
export type Call = { auth: AuthState; action_id: string }

/**
 * The callbacks of a provider with its own state. Before each call the library authenticates the caller,
 * validates the request and, for an existing action, calls `status` and authorizes the caller. Exactly once,
 * storage and release are the author's part.
 */
export type Callbacks<Input> = {
  /** Starts an action; `{ repeated: status }` says that the request started one before (200, not 202). */
  run: (call: {
    auth: AuthState
    request: ActionRequest<Input>
    input: Input
  }) => Awaitable<ActionStatus | { repeated: ActionStatus }>
  /** The status of an action, or `undefined` if there is none. */
  status: (call: Call) => Awaitable<ActionStatus | undefined>
  cancel: (call: Call) => Awaitable<ActionStatus>
  release: (call: Call) => Awaitable<ActionStatus>
  /** Without it, resume is answered with 404. */
  resume?: (call: Call) => Awaitable<ActionStatus>
  /** Without it, log is answered with 404 and `log_supported` is false. */
  log?: (call: Call & LogParameters) => Awaitable<ActionLogPage>
  /** Without it, enumerate is answered with 404. The library removes what the caller may not see. */
  enumerate?: (call: { auth: AuthState } & EnumerateParameters) => Awaitable<ActionStatus[]>
}

/** The query of log (interface, log). `since` and `until` are milliseconds since 1970. */
export type LogParameters = {
  limit: number
  newestFirst: boolean
  marker?: string
  since?: number
  until?: number
}

/** The query of enumerate (interface, enumerate). `marker` is the last action_id of the page before. */
export type EnumerateParameters = {
  statuses: ReadonlySet<ActionStatusValue>
  roles: ReadonlySet<Role>
  limit: number
  marker?: string
}

import type { AccessLists } from '../action/access.ts'
import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { EnumerateParameters, LogParameters } from '../provider/callbacks.ts'
import type { Awaitable } from '../store/action-store.ts'

/** An action that a request names: who may see and manage it, and its status document as JSON text. */
export type FoundAction = AccessLists & { document: string }

/** The result of run. */
export type RunResult = {
  action_id: string
  document: string
  /** Whether this request started the action. */
  started: boolean
  /**
   * Resolves with the document when the action has ended, or when the wait is over; absent where run answers
   * at once.
   */
  ended?: (hungUp: AbortSignal) => Promise<string>
}

/**
 * What each operation does, whoever keeps the actions. The caller is authenticated, and authorized for the
 * action. Status documents are JSON texts, ready to be sent.
 */
export type Operations = {
  run: (auth: AuthState, request: ActionRequest) => Promise<RunResult>
  /**
   * The action that the same request started before; absent where that cannot be found out without starting
   * one.
   */
  repeated?: (
    auth: AuthState,
    request: ActionRequest,
  ) => Promise<{ action_id: string; document: string } | undefined>
  find: (auth: AuthState, actionId: string) => Awaitable<FoundAction | undefined>
  /** The status of a found action, after a poll of remote work where one is due. */
  status: (found: FoundAction) => Awaitable<string>
  cancel: (auth: AuthState, actionId: string) => Promise<string>
  release: (auth: AuthState, actionId: string) => Promise<string>
  resume?: (auth: AuthState, actionId: string) => Promise<string>
  /** The log page as JSON text. */
  log?: (auth: AuthState, actionId: string, query: LogParameters) => Promise<string>
  /** The status documents of a page, and the marker of the next one where there is one. */
  enumerate?: (auth: AuthState, query: EnumerateParameters) => Promise<{ documents: string[]; next?: string }>
}

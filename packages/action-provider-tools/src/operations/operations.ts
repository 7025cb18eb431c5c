import type { AccessLists } from '../action/access.ts'
import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { EnumerateParameters, LogParameters } from '../provider/callbacks.ts'
import type { Awaitable } from '../store/action-store.ts'

/** An action that was found for a request: who may see and manage it, and its status document as JSON text. */
export type FoundAction = AccessLists & { document: string }

/** What became of a run. */
export type RunResult = {
  action_id: string
  document: string
  /** Whether this request started the action. */
  started: boolean
  /** Resolves with the document once the action has ended, or when there is no more waiting for it; absent where nobody should wait. */
  ended?: (hungUp: AbortSignal) => Promise<string>
}

/**
 * What can be done with a provider's actions, whoever keeps them. The caller is known and, where an action is given, may
 * do it. Status documents are JSON texts, ready to be sent.
 */
export type Operations = {
  run: (auth: AuthState, request: ActionRequest) => Promise<RunResult>
  /** The action that the same request started before, where whoever keeps the actions can tell without starting one. */
  repeated?: (
    auth: AuthState,
    request: ActionRequest,
  ) => Promise<{ action_id: string; document: string } | undefined>
  find: (auth: AuthState, actionId: string) => Awaitable<FoundAction | undefined>
  /** The status of a found action, looked at once more where that tells more. */
  status: (found: FoundAction) => Awaitable<string>
  cancel: (auth: AuthState, actionId: string) => Promise<string>
  release: (auth: AuthState, actionId: string) => Promise<string>
  resume?: (auth: AuthState, actionId: string) => Promise<string>
  /** The log page as JSON text. */
  log?: (auth: AuthState, actionId: string, query: LogParameters) => Promise<string>
  /** The status documents of a page, and the marker of the next one where there is one. */
  enumerate?: (auth: AuthState, query: EnumerateParameters) => Promise<{ documents: string[]; next?: string }>
}

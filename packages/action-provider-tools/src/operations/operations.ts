import type { AccessLists } from '../action/access.ts'
import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { EnumerateParameters, LogParameters } from '../provider/callbacks.ts'
import type { Awaitable } from '../store/action-store.ts'
import type { Following } from '../worker/waits.ts'

/** An action that a request names: who may see and manage it, and its status document as JSON text. */
export type FoundAction = AccessLists & { document: string }

/** The result of run. */
export type RunResult = {
  action_id: string
  document: string
  /** Whether this request started the action. */
  started: boolean
  /** Waits for the end of the action; absent if it is not ACTIVE. */
  ended?: Ended
}

/**
 * Resolves with the status document when the action is no longer ACTIVE, after `milliseconds`, when this
 * instance stops, or when the caller hangs up. With `whileBusy` also when the work is suspended for longer.
 */
export type Ended = (
  milliseconds: number,
  hungUp: AbortSignal,
  options: { whileBusy: boolean },
) => Promise<string>

/** An event in a request; `key` is the sender's Idempotency-Key. */
export type SentEvent = { event: string; value: unknown; key?: string | undefined }

/**
 * The operations of a provider, with a store or with the author's own state. Callers are authenticated and
 * authorized for the action. Status documents are JSON texts, ready to send.
 */
export type Operations = {
  run: (auth: AuthState, request: ActionRequest) => Promise<RunResult>
  /** How long run waits for the end of an action if its caller does not say, in milliseconds. */
  answerWithin?: number
  /** The action that the same request started before; absent if it cannot be found without starting one. */
  repeated?: (
    auth: AuthState,
    request: ActionRequest,
  ) => Promise<{ action_id: string; document: string } | undefined>
  find: (auth: AuthState, actionId: string) => Awaitable<FoundAction | undefined>
  /** The status of a found action, after a poll of remote work where one is due. */
  status: (found: FoundAction) => Awaitable<string>
  /** Waits for the end of a found action. */
  ended?: (found: FoundAction) => Ended
  /** Follows the changes of a found action. */
  follow?: (found: FoundAction) => Following
  cancel: (auth: AuthState, actionId: string) => Promise<string>
  /** Delivers an event to a found action. */
  event?: (auth: AuthState, actionId: string, sent: SentEvent) => Promise<string>
  /** Delivers an event by a signed URL. @throws ActionNotFound if the signature is wrong */
  signedEvent?: (
    actionId: string,
    sent: SentEvent,
    url: { use: number; signature: string },
  ) => Promise<string>
  release: (auth: AuthState, actionId: string) => Promise<string>
  resume?: (auth: AuthState, actionId: string) => Promise<string>
  /** The log page as JSON text. */
  log?: (auth: AuthState, actionId: string, query: LogParameters) => Promise<string>
  /** The status documents of a page, and the marker of the next page if there is one. */
  enumerate?: (auth: AuthState, query: EnumerateParameters) => Promise<{ documents: string[]; next?: string }>
}

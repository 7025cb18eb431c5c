import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionDetails } from '../documents/action-status.ts'
import type { Logger } from '../log.ts'

/** What the work of an action is given. */
export type RunContext<Input> = {
  /** The request's body, after the input schema. */
  input: Input
  request: ActionRequest<Input>
  action_id: string
  /** The identity of who started it, as a URN. */
  creator_id: string
  /** The identity of who last resumed it, as a URN. The work acts as its creator all the same. */
  resumed_by: string | undefined
  /** When the action was started, RFC 3339. Work that is run again goes by it. */
  start_time: string
  /** Counts the runs of this action, from 1: after a crash, a resume or a retry it is higher. */
  attempt: number
  /**
   * Aborts when the action is canceled, its deadline has passed, this instance shuts down or has lost the action to
   * another; `signal.reason` is a WorkInterrupted that says which.
   */
  signal: AbortSignal
  /** Updates what status shows. Returns at once; what was said within a moment is written together. */
  progress: (details: ActionDetails, displayStatus?: string) => void
  /** Adds an entry to the action's log. Returns at once, written as progress is. */
  log: (code: string, description: string, details?: Record<string, unknown>) => void
  /**
   * An access token for another service, on behalf of the action's creator. When they resume it, their new consents count.
   * @throws ConsentRequired when they have not consented; left uncaught, it makes the action INACTIVE.
   */
  dependentToken: (scope: string) => Promise<string>
  /**
   * Ends this run as INACTIVE, until the creator or a manager resumes the action; then the work runs again.
   * It throws: nothing after it is run.
   */
  pause: (why: PauseReason) => never
  /** The provider's own log, with the action's id on each line. No caller sees it. */
  logger: Logger
}

/** Why an action waits, and what would help: becomes its details. */
export type PauseReason = {
  code: string
  description: string
  required_scope?: string
  resolution_url?: string
  [more: string]: unknown
}

/** The work of an action: returning gives SUCCEEDED with the value as details, throwing gives FAILED. */
export type Run<Input, Details extends ActionDetails = ActionDetails> = (
  context: RunContext<Input>,
) => Details | Promise<Details>

/**
 * Work that runs in another system: started there, asked about, and told to stop. `Handle` is what `start` returns; it must
 * be JSON, since it is kept as such.
 */
export type RemoteWork<Input, Handle, Details extends ActionDetails = ActionDetails> = {
  /**
   * Starts the work and returns what identifies it there; kept, encrypted, until the action is complete. It may be called again
   * when a crash hid the first call's answer: pass `action_id` on as the idempotency key where the system has one.
   */
  start: (context: RunContext<Input>) => Handle | Promise<Handle>
  /** Asks how the work is. Returning `{ done: details }` ends the action; `{ progress }` leaves it ACTIVE; throwing ActionFailed fails it. */
  poll: (
    context: RunContext<Input> & { handle: Handle },
  ) => PollResult<Details> | Promise<PollResult<Details>>
  /** Tells the system to stop the work. */
  cancel?: (context: RunContext<Input> & { handle: Handle }) => unknown
  /** The least time between two polls of one action, in milliseconds (default 5,000). */
  pollInterval?: number
}

/** What a poll found. */
export type PollResult<Details extends ActionDetails = ActionDetails> =
  | { done: Details }
  | { progress?: ActionDetails; displayStatus?: string }

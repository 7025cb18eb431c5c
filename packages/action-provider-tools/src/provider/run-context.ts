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
  /** When the action was started, RFC 3339. It is the same in every attempt. */
  start_time: string
  /** Counts the attempts of this action, from 1: after a crash, a resume or a retry it is higher. */
  attempt: number
  /**
   * Aborts when the action is canceled, its deadline has passed, this instance shuts down, or another
   * instance takes the action over. `signal.reason` is a WorkInterrupted that says which.
   */
  signal: AbortSignal
  /** Updates what status shows. It returns at once; updates in quick succession are written together. */
  progress: (details: ActionDetails, displayStatus?: string) => void
  /** Adds an entry to the action's log. It returns at once, as `progress` does. */
  log: (code: string, description: string, details?: Record<string, unknown>) => void
  /**
   * An access token for another service, on behalf of the action's creator. When they resume it, their new
   * consents count.
   * @throws ConsentRequired when they have not consented. If the work does not catch it, the action becomes
   * INACTIVE.
   */
  dependentToken: (scope: string) => Promise<string>
  /**
   * Ends this attempt and makes the action INACTIVE. When its creator or a manager resumes it, the work runs
   * again. It throws, so nothing after it runs.
   */
  pause: (why: PauseReason) => never
  /** The provider's own log, with the action's id on each line. No caller sees it. */
  logger: Logger
}

/** Why an action is INACTIVE, and what would help. It becomes the action's details. */
export type PauseReason = {
  code: string
  description: string
  required_scope?: string
  resolution_url?: string
  [more: string]: unknown
}

/** The work of an action. It returns the details of a SUCCEEDED action, or throws, which makes it FAILED. */
export type Run<Input, Details extends ActionDetails = ActionDetails> = (
  context: RunContext<Input>,
) => Details | Promise<Details>

/**
 * Work that is started, polled and canceled in another system. `Handle` is what `start` returns. It must be
 * JSON.
 */
export type RemoteWork<Input, Handle, Details extends ActionDetails = ActionDetails> = {
  /**
   * Starts the work and returns what identifies it there, which is kept encrypted until the action is
   * complete. It may be called again where a crash lost the answer of the first call: pass `action_id` on as
   * the idempotency key where the system has one.
   */
  start: (context: RunContext<Input>) => Handle | Promise<Handle>
  /**
   * Polls the work. `{ done: details }` ends the action; `{ progress }` leaves it ACTIVE; to throw
   * ActionFailed fails it.
   */
  poll: (
    context: RunContext<Input> & { handle: Handle },
  ) => PollResult<Details> | Promise<PollResult<Details>>
  /** Cancels the work in the other system. */
  cancel?: (context: RunContext<Input> & { handle: Handle }) => unknown
  /** The least time between two polls of one action, in milliseconds (default 5,000). */
  pollInterval?: number
}

/** What a poll found. */
export type PollResult<Details extends ActionDetails = ActionDetails> =
  | { done: Details }
  | { progress?: ActionDetails; displayStatus?: string }

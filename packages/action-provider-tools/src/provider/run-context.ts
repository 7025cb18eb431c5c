import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionDetails } from '../documents/action-status.ts'
import type { Duration } from '../documents/duration.ts'
import type { PrincipalURN } from '../documents/principal.ts'
import type { InferInput, InputSchema } from '../input/input-schema.ts'
import type { Logger } from '../log.ts'

/** The context of an action's work. */
export type RunContext<Input> = {
  /** The body of the request, as the input schema returns it. */
  input: Input
  request: ActionRequest<Input>
  action_id: string
  /** The identity of its creator, as a URN. */
  creator_id: string
  /** Its creator, as whom the work acts. */
  auth: Creator
  /** The identity of the person who last resumed it, as a URN. The work still acts as its creator. */
  resumed_by: string | undefined
  /** When the action was started, RFC 3339. It is the same in every attempt. */
  start_time: string
  /**
   * Counts the attempts of this action, from 1: it is higher after a crash, a resume or a retry. After a
   * sleep or a wait the work continues as the same attempt.
   */
  attempt: number
  /**
   * Aborts when the action is canceled, its deadline has passed, this instance shuts down, another instance
   * takes the action over, or the work is suspended. `signal.reason` is a WorkInterrupted that says which.
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
   * Runs a part of the work and stores its result as JSON. The result is durable when this resolves: when the
   * work runs again, the part does not, and this returns the stored result. Parts may run at the same time.
   * @throws what `act` throws; TypeError if its result is not JSON, RangeError if it is over 1 MiB
   * @example const job = await step('submit', ({ idempotencyKey }) => cluster.submit(input, idempotencyKey))
   */
  step: Step
  /**
   * Sleeps for a time or until a date, also across restarts. If it is long (over 5 s) and no step is running,
   * the attempt ends here, which frees its place and its memory. When it is due, the work runs again and
   * passes its finished steps. Nothing after it runs before that, not even `finally`.
   * @example await sleep('settle', { minutes: 10 })
   */
  sleep: (name: string, until: Duration | Date) => Promise<void>
  /**
   * Waits for an event: a JSON value from somebody who may manage the action or has its signed URL. The work
   * is suspended meanwhile, as in a long `sleep`. An event that arrived earlier counts.
   * @throws WaitTimeout if none arrives in time
   * @example const { approved } = await waitFor('approval', { schema: Approval, timeout: { days: 2 } })
   */
  waitFor: WaitFor
  /**
   * A URL to which anybody who has it may send the event, once, without a token: for systems that call back.
   * Each call returns another URL, and the same ones when the work runs again.
   * @throws InvalidDefinition if PUBLIC_URL, or the option `publicUrl`, is not set
   */
  callbackUrl: (event: string) => string
  /**
   * Ends this attempt and makes the action INACTIVE. When its creator or a manager resumes it, the work runs
   * again. It throws, so nothing after it runs.
   */
  pause: (why: PauseReason) => never
  /** The provider's own log, with the action's id on each line. No caller sees it. */
  logger: Logger
}

/** The creator of an action. Everything except the groups is as of when they started or last resumed it. */
export type Creator = {
  readonly username: string | undefined
  /** Their name as people write it, where Globus knows one. */
  readonly name: string | undefined
  /** All their linked identities, as URNs. */
  readonly identities: ReadonlySet<PrincipalURN>
  /**
   * The groups of which they are an active member now, as URNs; empty if the scope has no Groups dependency.
   * @throws ConsentRequired when their token has ended: if the work does not catch it, the action is INACTIVE
   * until they resume it. ServiceUnavailable while Globus cannot say
   */
  groups: () => Promise<ReadonlySet<PrincipalURN>>
}

/**
 * Runs a named part of the work once, and stores its result. A name that is used again in one run counts up:
 * `poll#2`.
 */
export type Step = <T>(
  name: string,
  act: (context: StepContext) => T | PromiseLike<T>,
  options?: StepOptions,
) => Promise<T>

/** Waits for an event, and returns its value. */
export type WaitFor = <const S extends InputSchema>(
  event: string,
  options: WaitForOptions<S>,
) => Promise<InferInput<S>>

export type WaitForOptions<S extends InputSchema> = {
  /** The schema of its value, in any form that `input` of a provider takes. Other values get a 422. */
  schema: S
  /** For how long, from the first call on (default: until the action ends). */
  timeout?: Duration
  /** Makes the action INACTIVE while it waits, with these details: for events of a person who must act. */
  inactive?: PauseReason
}

/** The context of a step. */
export type StepContext = {
  /** Aborts when the signal of the work does, and when the step takes too long. */
  signal: AbortSignal
  /**
   * The same at each try of this step of this action. Pass it on if the other side takes such keys, because a
   * crash may come between the effect of a step and its record.
   */
  idempotencyKey: string
}

/** When and how often work with a temporary failure runs again. */
export type RetryPolicy = {
  /**
   * How often the work of one action may throw TemporaryFailure before the action is FAILED (default 5). Work
   * in another system counts from its last answer. Restarts, resumes and the library's own ServiceUnavailable
   * do not count.
   */
  limit?: number
  /**
   * The wait after the first failure (default a second). It doubles with each further failure, with jitter.
   */
  backoff?: Duration
  /** The longest wait (default a minute). */
  maximumBackoff?: Duration
}

export type StepOptions = {
  /** Tries the step again when it throws (default: the error is thrown to the work). */
  retry?: RetryPolicy
  /** How long one try may take. Then it fails with TemporaryFailure, and its `signal` aborts. */
  timeout?: Duration
}

/** Why an action is INACTIVE, and what to do. It becomes the action's details. */
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

/** The context of a call to another system. Only the handle is remembered between calls. */
export type RemoteContext<Input> = Omit<RunContext<Input>, 'step' | 'sleep' | 'waitFor' | 'callbackUrl'>

/**
 * Work that is started, polled and canceled in another system. `Handle` is the result of `start` and must be
 * JSON.
 */
export type RemoteWork<Input, Handle, Details extends ActionDetails = ActionDetails> = {
  /**
   * Starts the work and returns its handle, which is stored encrypted until the action is complete. It is
   * called again if a crash lost the result of the first call: pass `action_id` on as the idempotency key if
   * the system takes one.
   */
  start: (context: RemoteContext<Input>) => Handle | Promise<Handle>
  /**
   * Polls the work. `{ done: details }` ends the action; `{ progress }` leaves it ACTIVE; ActionFailed fails
   * it.
   */
  poll: (
    context: RemoteContext<Input> & { handle: Handle },
  ) => PollResult<Details> | Promise<PollResult<Details>>
  /** Cancels the work in the other system. */
  cancel?: (context: RemoteContext<Input> & { handle: Handle }) => unknown
  /** The shortest time between two polls of one action (default 5 seconds). */
  pollInterval?: Duration
}

/** The result of a poll. */
export type PollResult<Details extends ActionDetails = ActionDetails> =
  | { done: Details }
  | { progress?: ActionDetails; displayStatus?: string }

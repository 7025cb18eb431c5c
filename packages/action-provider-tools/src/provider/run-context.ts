import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionDetails } from '../documents/action-status.ts'
import type { Duration } from '../documents/duration.ts'
import type { PrincipalURN } from '../documents/principal.ts'
import type { InferInput, InputSchema } from '../input/input-schema.ts'
import type { Logger } from '../log.ts'

/** What the work of an action is given. */
export type RunContext<Input> = {
  /** The request's body, after the input schema. */
  input: Input
  request: ActionRequest<Input>
  action_id: string
  /** The identity of who started it, as a URN. */
  creator_id: string
  /** Who started it, as whom the work acts. */
  auth: Creator
  /** The identity of who last resumed it, as a URN. The work acts as its creator all the same. */
  resumed_by: string | undefined
  /** When the action was started, RFC 3339. It is the same in every attempt. */
  start_time: string
  /**
   * Counts the attempts of this action, from 1: after a crash, a resume or a retry it is higher. Work that has slept
   * or waited goes on as the same attempt.
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
   * Does a part of the work and keeps its result, which is durable when this resolves: when the work runs again, the
   * part is not done again, and this gives what it gave, as JSON has it. Parts may run side by side.
   * @throws what `act` throws; TypeError where its result is no JSON, RangeError where that is over 1 MiB
   * @example const job = await step('submit', ({ idempotencyKey }) => cluster.submit(input, idempotencyKey))
   */
  step: Step
  /**
   * Sleeps for a time or until a date, also across restarts. If it is long (over 5 s) and no step is in hand, the
   * attempt ends here, which frees its place and its memory; when it is due the work runs again and passes what it
   * has done. Nothing after it runs before that, not even `finally`.
   * @example await sleep('settle', { minutes: 10 })
   */
  sleep: (name: string, until: Duration | Date) => Promise<void>
  /**
   * Waits for an event: a JSON value that somebody sends to the action, who may manage it or holds its signed URL. The
   * attempt ends meanwhile, as with a long `sleep`. An event that came before anybody waited for it counts.
   * @throws WaitTimeout where none came in time
   * @example const { approved } = await waitFor('approval', { schema: Approval, timeout: { days: 2 } })
   */
  waitFor: WaitFor
  /**
   * A URL to which whoever holds it may send the event, once, without a token: for systems that call back. Each call gives
   * another one, the same whenever the work runs again.
   * @throws InvalidDefinition where PUBLIC_URL, or the option `publicUrl`, is not set
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

/** Who started an action. All but the groups is as it was when they started or last resumed it. */
export type Creator = {
  readonly username: string | undefined
  /** Their name as people write it, where Globus knows one. */
  readonly name: string | undefined
  /** All their linked identities, as URNs. */
  readonly identities: ReadonlySet<PrincipalURN>
  /**
   * The groups that they are an active member of now, as URNs; empty where the scope has no Groups dependency.
   * @throws ConsentRequired when their token has ended: if the work does not catch it, the action is INACTIVE until they resume
   * it. ServiceUnavailable while Globus cannot say
   */
  groups: () => Promise<ReadonlySet<PrincipalURN>>
}

/** Does a named part of the work once, and keeps its result. A name that is used again in one run counts up: `poll#2`. */
export type Step = <T>(
  name: string,
  act: (context: StepContext) => T | PromiseLike<T>,
  options?: StepOptions,
) => Promise<T>

/** Waits for an event, and gives its value. */
export type WaitFor = <const S extends InputSchema>(
  event: string,
  options: WaitForOptions<S>,
) => Promise<InferInput<S>>

export type WaitForOptions<S extends InputSchema> = {
  /** What its value must fit: whatever `input` of a provider may be. Another value is refused with 422. */
  schema: S
  /** For how long, from the first call on (default: until the action ends). */
  timeout?: Duration
  /** Makes the action INACTIVE while it waits, with these details: where a person must act. */
  inactive?: PauseReason
}

/** What a step is given. */
export type StepContext = {
  /** Aborts when that of the work does, and when the step has taken too long. */
  signal: AbortSignal
  /**
   * The same whenever this step of this action is tried: a crash may come between what it does and its record, so pass it
   * on where the other side knows such keys.
   */
  idempotencyKey: string
}

/** How often work that fails temporarily is tried again, and after how long. */
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
  /** Tries the step again when it throws (default: what it throws is thrown to the work). */
  retry?: RetryPolicy
  /** How long one try may take: then it fails with TemporaryFailure, and its `signal` aborts. */
  timeout?: Duration
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

/** What work in another system is given: the handle is all that it remembers. */
export type RemoteContext<Input> = Omit<RunContext<Input>, 'step' | 'sleep' | 'waitFor' | 'callbackUrl'>

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
  start: (context: RemoteContext<Input>) => Handle | Promise<Handle>
  /**
   * Polls the work. `{ done: details }` ends the action; `{ progress }` leaves it ACTIVE; to throw
   * ActionFailed fails it.
   */
  poll: (
    context: RemoteContext<Input> & { handle: Handle },
  ) => PollResult<Details> | Promise<PollResult<Details>>
  /** Cancels the work in the other system. */
  cancel?: (context: RemoteContext<Input> & { handle: Handle }) => unknown
  /** The least time between two polls of one action (default 5 seconds). */
  pollInterval?: Duration
}

/** What a poll found. */
export type PollResult<Details extends ActionDetails = ActionDetails> =
  | { done: Details }
  | { progress?: ActionDetails; displayStatus?: string }

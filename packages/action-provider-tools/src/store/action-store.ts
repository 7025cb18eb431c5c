import type { Change, CurrentAction, Hold, SealedEvent, SealedStep } from '../action/action.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'

export type { Change, CurrentAction, Hold, SealedEvent, SealedStep }

/** A value that is there already (SQLite) or will be (PostgreSQL). */
export type Awaitable<T> = T | Promise<T>

/** An action as the store keeps it: its ActionStatus is JSON text. Only stores write JSON. */
export type StoredAction = Omit<CurrentAction, 'document'> & { document: string }

/** The request of an action, which its work needs and its status does not. */
export type StoredRequest = ActionRequest

/** What the work of an action goes by. */
export type StoredWork = {
  request: StoredRequest
  /** What is sealed for it. */
  secret: Uint8Array | undefined
  steps: readonly SealedStep[]
  /** In the order in which they came. */
  events: readonly SealedEvent[]
}

/** A request that is to become an action, unless it is one already. */
export type NewAction = {
  action_id: string
  provider: string
  /** 16 bytes: what (provider, effective identity, request_id) hash to. */
  request_key: Uint8Array
  /** 32 bytes: what the content of the validated request hashes to (interface, "Exactly once"). */
  content_hash: Uint8Array
  request: StoredRequest
  /** The status it starts with: ACTIVE. */
  status: ActionStatus
  deadline_at?: number
  /** Ask for a job: work that goes on after the answer. It is recorded in the same transaction. */
  job?: boolean
  /**
   * The instance that begins the work at once: it holds the job from the same commit on, under the first
   * lease, and the first attempt has begun on it.
   */
  holder?: string
  /** What its job counts as beside its caller: jobs of one key can be limited together. */
  job_key?: string
  /** What its work needs after the request, sealed; kept until it completes. */
  secret?: Uint8Array
  work_version?: string
  /**
   * Runs its work inline: inside the transaction, once this request is known to be the first of its key. The
   * store calls it once at most. It must not throw and must not call the store. The change that it returns is
   * recorded with the action, in the same commit; `undefined` leaves the action ACTIVE.
   */
  runInline?: () => InlineChange | undefined
}

/** What work that ran inline does to its action. */
export type InlineChange = Omit<Change, 'steps' | 'events'> & {
  /** The instance on which the work goes on: as `holder` of the new action. */
  holder?: string
}

/** What the key of a request stands for already. */
export type Repetition =
  | { outcome: 'repeated'; action: StoredAction }
  /** The same key with other content. */
  | { outcome: 'conflict' }

/** What became of a NewAction. */
export type Creation = { outcome: 'created'; action: StoredAction } | Repetition

/** A question for a list of actions (interface, enumerate). */
export type ListQuery = {
  /** Every principal that stands for the caller in that role. An action is listed when any pair matches. */
  principals: {
    creator_id?: readonly string[]
    monitor_by?: readonly string[]
    manage_by?: readonly string[]
  }
  statuses: readonly ActionStatusValue[]
  limit: number
  /** Only actions older than this one: the last action_id of the page before. */
  before?: string
}

/**
 * A question for a page of an action's log. `since` and `until` are milliseconds since 1970, both inclusive.
 */
export type LogQuery = {
  limit: number
  newestFirst: boolean
  marker?: string
  since?: number
  until?: number
}

/**
 * A job that an instance has taken: the right to run an action's work, until it is lost or done. Each time it
 * is taken its lease has a higher number: who took it earlier can do nothing with it any more.
 */
export type Job = { action_id: string; lease: number }

/** An entry of a log, and its place in the order in which the action's entries were written. */
export type PlacedEntry = { position: number; entry: ActionLogEntry }

/** How many jobs may be held at once, on all instances together. What is left out has no limit. */
export type JobLimits = {
  /** Of one caller. */
  perCaller?: number
  /** Of one key; jobs without a key are not counted. */
  perKey?: number
}

/** What any store may be opened with. */
export type StoreOptions = {
  /** How long a job that was taken belongs to its instance without a word of it, in seconds (default 8). */
  leaseSeconds?: number
  /** The time in milliseconds since 1970 (default Date.now): what `release_at` and leases are measured by. */
  clock?: () => number
  /**
   * Told what its operator should know: connections that broke, a database file that is gone, settings that
   * were overruled.
   */
  log?: (message: string, error?: unknown) => void
}

/** `leaseSeconds` where none is given. */
export const LEASE_SECONDS = 8

/**
 * Where actions live. Every method that changes something has changed it durably when it resolves. A database
 * that cannot be reached, is locked, full or read-only rejects with ServiceUnavailable; whatever else goes
 * wrong inside rejects with ActionProviderError.
 */
export type ActionStore = {
  /** What keeps the actions, in a word that labels metrics. */
  readonly kind: string

  /** The same as OpenTelemetry names it (`db.system.name`), for spans. */
  readonly system: string

  /** Whether calls go to another process: their spans are those of a client. */
  readonly remote: boolean

  /**
   * How long a job belongs to its holder without a word of it, in seconds; `Infinity` where nobody else can
   * take it.
   */
  readonly leaseSeconds: number

  /**
   * The time that due times, deadlines and releases are judged by, in milliseconds since 1970: all instances
   * have the same.
   */
  now(): number

  /**
   * Records an action, or finds the one that its key already stands for. Decided by a uniqueness constraint.
   */
  create(action: NewAction): Promise<Creation>

  /** Finds what the key of a request stands for already, without making anything of it. */
  find(provider: string, requestKey: Uint8Array, contentHash: Uint8Array): Awaitable<Repetition | undefined>

  /** Finds an action of a provider. An action past its `release_at` is not found. */
  get(provider: string, actionId: string): Awaitable<StoredAction | undefined>

  /**
   * What `get` would find, where that is in memory and surely right. Callers ask for the same few actions
   * again and again.
   */
  known?(provider: string, actionId: string): StoredAction | undefined

  /**
   * Finds what the work of an action goes by, all of one moment; that of an action that was complete from the
   * beginning need not be kept.
   */
  getWork(provider: string, actionId: string): Awaitable<StoredWork | undefined>

  /** Finds what was sealed for an action. */
  getSecret(provider: string, actionId: string): Awaitable<Uint8Array | undefined>

  /**
   * Changes an action in one atomic step: reads it, lets `decide` say what follows, and writes that only if
   * nobody changed the action in between (else it begins again). `decide` must be pure: it may be called more
   * than once. It returns `undefined` to change nothing; an error it throws rejects this call and changes
   * nothing. Resolves with the action as it now is (after a release: as it last was), or `undefined` where
   * there is none.
   * @param hold only while this instance holds the action's job under this lease; else it is as if there were
   * no action
   */
  transition(
    provider: string,
    actionId: string,
    decide: (current: CurrentAction) => Change | undefined,
    hold?: Hold,
  ): Promise<StoredAction | undefined>

  /**
   * Lists status documents (JSON texts) with their ids, newest first. Actions past their `release_at` are
   * left out. Throws RequestValidationError when `before` is no action id.
   */
  list(provider: string, query: ListQuery): Awaitable<{ action_id: string; document: string }[]>

  /**
   * A page of an action's log, in order of time and, within it, of writing; `undefined` where there is no
   * such action, also where it has just been released. `marker` stands where there is more. Throws
   * RequestValidationError when the marker asked for is none.
   */
  readLog(
    provider: string,
    actionId: string,
    query: LogQuery,
  ): Awaitable<{ entries: ActionLogEntry[]; marker?: string } | undefined>

  /**
   * Entries in the order in which they were written, whatever their times: those after a position (-1: from
   * the first on), at most `limit`. `undefined` where there is no such action.
   */
  logAfter(
    provider: string,
    actionId: string,
    position: number,
    limit: number,
  ): Awaitable<PlacedEntry[] | undefined>

  /** Removes up to `limit` actions whose `release_at` is at or before `now`; resolves with how many. */
  sweepReleased(now: number, limit: number): Promise<number>

  /** Unfinished actions whose `deadline_at` is at or before `now`, oldest deadline first. */
  overdue(provider: string, now: number, limit: number): Awaitable<string[]>

  /** Unfinished actions whose cancel was asked for at or before `before`. */
  cancelsSince(provider: string, before: number, limit: number): Awaitable<string[]>

  /**
   * Takes up to `limit` jobs that are due and that nobody holds, or whose holder has not kept them for
   * `leaseSeconds` in which the database could be reached. With `limits` it takes no more than these leave
   * room for, whoever takes at the same moment; one that it takes from another holder was counted already.
   * They hold among those who take with them.
   */
  takeJobs(provider: string, instance: string, limit: number, limits?: JobLimits): Promise<Job[]>

  /**
   * When the next of the jobs that nobody holds and that are not due yet is due, in milliseconds since 1970.
   */
  nextDue(provider: string): Awaitable<number | undefined>

  /**
   * Says that this instance still works on these jobs. Resolves with the actions whose job it holds under
   * another lease or not at all.
   */
  keepJobs(provider: string, instance: string, jobs: readonly Job[]): Promise<{ lost: string[] }>

  /** Gives back jobs that this instance holds, due at once, for another to take. */
  returnJobs(provider: string, instance: string, jobs: readonly Job[]): Promise<void>

  /**
   * Calls back when a job became due or cancel was asked for, here or on another instance. It may miss some.
   * Returns a function that ends it.
   */
  subscribe(provider: string, listener: (event: StoreEvent) => void): () => void

  /**
   * Calls back when an action was changed or removed, here or on another instance. It may miss some: who
   * watches also looks at intervals. What is told has been committed. Returns a function that ends it.
   */
  watch(provider: string, actionId: string, listener: (news: ActionNews) => void): () => void

  /**
   * Copies the database to a file while it is in use. Absent where the database has tools of its own for
   * that, or is not a file.
   */
  backUpTo?(path: string): Promise<void>

  /** The namespaces of the providers that it holds actions of. */
  namespaces(): Awaitable<string[]>

  /**
   * Counts of actions by status and of jobs that are due and that nobody has taken, for metrics. An expired
   * action counts until it is swept.
   */
  count(provider: string): Awaitable<{ actions: Record<ActionStatusValue, number>; waiting: number }>

  /** Resolves when the store can be read and written; rejects with ServiceUnavailable otherwise. */
  ping(): Promise<void>

  close(): Promise<void>
}

/**
 * What `watch` tells: the action as it is now where that is known, and whether its log may have more entries.
 */
export type ActionNews = { action?: StoredAction; logged: boolean }

/** What `subscribe` tells. */
export type StoreEvent = { kind: 'job' } | { kind: 'cancel'; action_id: string }

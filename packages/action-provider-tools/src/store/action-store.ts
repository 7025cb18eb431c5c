import type { Change, CurrentAction, Hold, SealedEvent, SealedStep } from '../action/action.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'

export type { Change, CurrentAction, Hold, SealedEvent, SealedStep }

/** A value, or a promise of it. SQLite answers synchronously, PostgreSQL does not. */
export type Awaitable<T> = T | Promise<T>

/** An action as the store keeps it: its status document is JSON text. Only stores write JSON. */
export type StoredAction = Omit<CurrentAction, 'document'> & { document: string }

/** The request of an action, which its work needs. */
export type StoredRequest = ActionRequest

/** What the store keeps for the work of an unfinished action. */
export type StoredWork = {
  request: StoredRequest
  /** The sealed state. */
  secret: Uint8Array | undefined
  steps: readonly SealedStep[]
  /** In the order in which they were delivered. */
  events: readonly SealedEvent[]
}

/** A request from which the store makes an action, unless its key has one already. */
export type NewAction = {
  action_id: string
  provider: string
  /** 16 bytes: the hash of (provider, effective identity, request_id). */
  request_key: Uint8Array
  /** 32 bytes: the hash of the validated request (interface, "Exactly once"). */
  content_hash: Uint8Array
  request: StoredRequest
  /** The first status document: ACTIVE. */
  status: ActionStatus
  deadline_at?: number
  /** Whether to make a job, in the same transaction: for work that continues after the answer. */
  job?: boolean
  /**
   * The instance that begins the work at once. It holds the job from the commit on, under the first lease,
   * with the first attempt begun.
   */
  holder?: string
  /** The key of its job: `perKey` limits the jobs of one key together. */
  job_key?: string
  /** The sealed state of its work; kept until the action completes. */
  secret?: Uint8Array
  work_version?: string
  /**
   * Runs the work inline: inside the transaction, after the store knows that this request is the first of its
   * key. The store calls it at most once. It must not throw and must not call the store. The returned change
   * is recorded with the action, in the same commit; `undefined` leaves the action ACTIVE.
   */
  runInline?: () => InlineChange | undefined
}

/** The change that work run inline makes to its action. */
export type InlineChange = Omit<Change, 'steps' | 'events'> & {
  /** The instance on which the work continues; like `holder` of the new action. */
  holder?: string
}

/** The answer to a request whose key has an action already. */
export type Repetition =
  | { outcome: 'repeated'; action: StoredAction }
  /** The first request of this key had other content. */
  | { outcome: 'conflict' }

/** The result of `create`. */
export type Creation = { outcome: 'created'; action: StoredAction } | Repetition

/** A query for a list of actions (interface, enumerate). */
export type ListQuery = {
  /** The caller's principals by role. An action is listed if any of them has that role in it. */
  principals: {
    creator_id?: readonly string[]
    monitor_by?: readonly string[]
    manage_by?: readonly string[]
  }
  statuses: readonly ActionStatusValue[]
  limit: number
  /** Only actions older than this one: the last action_id of the previous page. */
  before?: string
}

/** A query for a page of an action's log. `since` and `until` are milliseconds since 1970, both inclusive. */
export type LogQuery = {
  limit: number
  newestFirst: boolean
  marker?: string
  since?: number
  until?: number
}

/**
 * A job that an instance holds: the right to run an action's work. Each time the job is taken its lease
 * number rises, so that an earlier holder can do nothing with it.
 */
export type Job = { action_id: string; lease: number }

/** A log entry, and its position among the entries of the action in the order of writing. */
export type PlacedEntry = { position: number; entry: ActionLogEntry }

/** How many jobs all instances together may hold at once. Without a value there is no limit. */
export type JobLimits = {
  /** Jobs of one caller. */
  perCaller?: number
  /** Jobs of one key; jobs without a key are not limited. */
  perKey?: number
}

/** Options of every store. */
export type StoreOptions = {
  /** How long a lease is, in seconds, unless the holder renews it (default 8). */
  leaseSeconds?: number
  /** Gives the time in milliseconds since 1970, for `release_at` and leases (default Date.now). */
  clock?: () => number
  /** Receives messages for operators: broken connections, a missing database file, overruled settings. */
  log?: (message: string, error?: unknown) => void
}

/** The default of `leaseSeconds`. */
export const LEASE_SECONDS = 8

/**
 * Keeps actions. A method that changes something resolves when the change is durable. If the database is
 * unreachable, locked, full or read-only, methods reject with ServiceUnavailable; for any other failure
 * inside the store with ActionProviderError.
 */
export type ActionStore = {
  /** The kind of store, as a label of metrics. */
  readonly kind: string

  /** The kind as OpenTelemetry names it (`db.system.name`), for spans. */
  readonly system: string

  /** Whether calls go to another process: their spans have the kind "client". */
  readonly remote: boolean

  /** How long a lease is, in seconds; `Infinity` if no other instance can take the job. */
  readonly leaseSeconds: number

  /**
   * The time by which the store compares due times, deadlines and releases, in milliseconds since 1970. It is
   * the same for all instances.
   */
  now(): number

  /** Records an action, or finds the action that has its key. A uniqueness constraint decides. */
  create(action: NewAction): Promise<Creation>

  /** Finds the action that has the key of a request. Records nothing. */
  find(provider: string, requestKey: Uint8Array, contentHash: Uint8Array): Awaitable<Repetition | undefined>

  /** Finds an action of a provider. An action past its `release_at` is not found. */
  get(provider: string, actionId: string): Awaitable<StoredAction | undefined>

  /**
   * Gives what `get` would find, if it is in memory and certain to be current. This makes repeated requests
   * for the same action fast.
   */
  known?(provider: string, actionId: string): StoredAction | undefined

  /**
   * Finds the request, sealed state, steps and events of an action, all as of one moment. A store need not
   * keep them for an action that was complete when it was recorded.
   */
  getWork(provider: string, actionId: string): Awaitable<StoredWork | undefined>

  /** Finds the sealed state of an action. */
  getSecret(provider: string, actionId: string): Awaitable<Uint8Array | undefined>

  /**
   * Changes an action atomically: reads it, calls `decide`, and writes the change only if nobody has changed
   * the action since (otherwise it starts again). `decide` must be pure, since it may be called more than
   * once. If it returns `undefined` nothing changes; if it throws, the call rejects with that error and
   * nothing changes. Resolves with the action after the change (for a release: before it), or `undefined` if
   * there is no such action.
   * @param hold if given, an action whose job this instance does not hold under this lease counts as missing
   */
  transition(
    provider: string,
    actionId: string,
    decide: (current: CurrentAction) => Change | undefined,
    hold?: Hold,
  ): Promise<StoredAction | undefined>

  /**
   * Lists status documents (JSON texts) with their ids, newest first, without actions past their
   * `release_at`.
   * @throws RequestValidationError if `before` is not an action id
   */
  list(provider: string, query: ListQuery): Awaitable<{ action_id: string; document: string }[]>

  /**
   * A page of an action's log, by time and then by the order of writing; `undefined` if there is no such
   * action. `marker` is set if there are more entries.
   * @throws RequestValidationError if the given marker is not valid
   */
  readLog(
    provider: string,
    actionId: string,
    query: LogQuery,
  ): Awaitable<{ entries: ActionLogEntry[]; marker?: string } | undefined>

  /**
   * Log entries in the order of writing, regardless of their times: at most `limit` after a position (-1 for
   * the start). `undefined` if there is no such action.
   */
  logAfter(
    provider: string,
    actionId: string,
    position: number,
    limit: number,
  ): Awaitable<PlacedEntry[] | undefined>

  /** Removes up to `limit` actions whose `release_at` is at or before `now`. Resolves with their number. */
  sweepReleased(now: number, limit: number): Promise<number>

  /** Lists unfinished actions whose `deadline_at` is at or before `now`, oldest deadline first. */
  overdue(provider: string, now: number, limit: number): Awaitable<string[]>

  /** Lists unfinished actions whose cancel was requested at or before `before`. */
  cancelsSince(provider: string, before: number, limit: number): Awaitable<string[]>

  /**
   * Takes up to `limit` due jobs that nobody holds or whose lease has ended; time in which the database was
   * unreachable does not count. With `limits` it takes only as many as they leave room for, also if other
   * instances take jobs at the same moment; a job taken over was counted before. Limits hold only among
   * instances that all take with them.
   */
  takeJobs(provider: string, instance: string, limit: number, limits?: JobLimits): Promise<Job[]>

  /**
   * When the next job that nobody holds will be due, in milliseconds since 1970; `undefined` if there is
   * none.
   */
  nextDue(provider: string): Awaitable<number | undefined>

  /**
   * Renews the leases of jobs. Resolves with the actions whose job this instance does not hold, or holds
   * under another lease.
   */
  keepJobs(provider: string, instance: string, jobs: readonly Job[]): Promise<{ lost: string[] }>

  /** Returns jobs that this instance holds: they are due at once, for any instance. */
  returnJobs(provider: string, instance: string, jobs: readonly Job[]): Promise<void>

  /**
   * Calls `listener` when a job becomes due or a cancel is requested, on any instance. Events may be missed,
   * so callers must also poll. Returns a function that unsubscribes.
   */
  subscribe(provider: string, listener: (event: StoreEvent) => void): () => void

  /**
   * Calls `listener` after an action was changed or removed, on any instance. Changes may be missed, so
   * callers must also poll. Returns a function that ends the watch.
   */
  watch(provider: string, actionId: string, listener: (news: ActionNews) => void): () => void

  /**
   * Copies the database to a file while it is in use. Absent if the database has its own tools for backup, or
   * is not a file.
   */
  backUpTo?(path: string): Promise<void>

  /** The namespaces of the providers that have actions. */
  namespaces(): Awaitable<string[]>

  /**
   * Counts actions by status, and jobs that are due and that nobody holds, for metrics. An action past its
   * release counts until it is removed.
   */
  count(provider: string): Awaitable<{ actions: Record<ActionStatusValue, number>; waiting: number }>

  /** Resolves if the store can be read and written; rejects with ServiceUnavailable otherwise. */
  ping(): Promise<void>

  close(): Promise<void>
}

/**
 * A change that `watch` reports: the action after the change, if known, and whether its log may have new
 * entries.
 */
export type ActionNews = { action?: StoredAction; logged: boolean }

/** An event that `subscribe` reports. */
export type StoreEvent = { kind: 'job' } | { kind: 'cancel'; action_id: string }

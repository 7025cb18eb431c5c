import type { DatabaseSync } from 'node:sqlite'
import { uuidBytes, uuidText } from '../../action/keys.ts'
import type {
  ActionStore,
  Change,
  Creation,
  Hold,
  Job,
  NewAction,
  Repetition,
  StoredAction,
  StoreEvent,
  StoreOptions,
} from '../action-store.ts'
import { LEASE_SECONDS } from '../action-store.ts'
import { changed, created } from '../changes.ts'
import { createActions } from './actions.ts'
import { createCounts } from './counts.ts'
import { openingError, storeError } from './failures.ts'
import { watchFiles } from './files.ts'
import { createGroupCommit } from './group-commit.ts'
import { createJobs } from './jobs.ts'
import { createList } from './list.ts'
import { createLog } from './log.ts'
import { openDatabase } from './open-database.ts'
import { createProviders } from './providers.ts'
import { createRecent, NOTHING_RECENT } from './recent.ts'
import {
  ACTION_ID,
  type ActionRow,
  actionOf,
  CONTENT_HASH,
  NUMBER,
  PROVIDER,
  RELEASE_AT,
  type SeenRow,
} from './rows.ts'

export type SqliteOptions = StoreOptions & {
  /**
   * Whether this process alone uses the database (default): it is then locked for all others, and work that another held
   * is free at once. Processes that share one take over each other's work when its lease ends.
   */
  exclusive?: boolean
}

/** How many actions one transaction removes at most when it sweeps, so that requests need not wait long. */
const SWEEP_SIZE = 50

/**
 * Opens a store in a file, or in memory.
 * @param path `:memory:`, or a file, which is made with its folders where it is missing
 * @throws StoreUnusable with one line that says what to do
 * @example openSqliteStore('data/actions.db')
 */
export function openSqliteStore(path: string, options: SqliteOptions = {}): ActionStore {
  const database = openDatabase(path, options.exclusive)
  try {
    return sqliteStore(database, options)
  } catch (error) {
    database.close()
    throw openingError(error, path)
  }
}

/** The store in a database that `openDatabase` has opened. Closing the store closes it. */
export function sqliteStore(database: DatabaseSync, options: SqliteOptions = {}): ActionStore {
  const { exclusive = true, clock = Date.now, log: warn = () => {} } = options
  // Nobody else can take what a process holds that is alone.
  const { leaseSeconds = exclusive ? Infinity : LEASE_SECONDS } = options
  const path = database.location()
  const confirm = path === null ? () => {} : watchFiles(path, warn)
  const { write, flush } = createGroupCommit(database, confirm)
  const providers = createProviders(database)
  const log = createLog(database)
  const jobs = createJobs(database, leaseSeconds)
  const counts = createCounts(database)
  const recent = exclusive ? createRecent() : NOTHING_RECENT
  const actions = createActions(database, { log, jobs, counts }, recent.forget)
  const list = createList(database)
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  const listeners = new Map<string, Set<(event: StoreEvent) => void>>()
  if (exclusive) jobs.freeAll()

  const isOver = (releaseAt: number | null | undefined): boolean => releaseAt != null && releaseAt <= clock()
  const isExpired = (row: SeenRow | ActionRow): boolean => isOver(row[RELEASE_AT])

  /** The row of an action that callers may know of. */
  function find<Row extends SeenRow | ActionRow>(
    by: (action_id: Uint8Array) => Row | undefined,
    provider: string,
    actionId: string,
  ): Row | undefined {
    const bytes = uuidBytes(actionId)
    const row = bytes && by(bytes)
    return row && row[PROVIDER] === providers.find(provider) && !isExpired(row) ? row : undefined
  }

  /** Does something with the job of an action, whether or not that has expired. Returns `false` where there is no action. */
  function withJob(
    instance: string,
    { action_id, lease }: Job,
    act: (number: number, hold: Hold) => unknown,
  ): boolean {
    const bytes = uuidBytes(action_id)
    const row = bytes && actions.see(bytes)
    return row !== undefined && act(row[NUMBER], { instance, lease }) !== false
  }

  function tell(provider: string, event: StoreEvent): void {
    for (const listener of listeners.get(provider) ?? []) listener(event)
  }

  /** What a row makes of a request that has its key. */
  function repetition(row: ActionRow, provider: string, contentHash: Uint8Array): Repetition {
    if (Buffer.compare(row[CONTENT_HASH], contentHash) !== 0) return { outcome: 'conflict' }
    return { outcome: 'repeated', action: actionOf(row, provider, uuidText(row[ACTION_ID])) }
  }

  function insert(provider: number, newAction: NewAction): Creation {
    const row = actions.findByKey(newAction.request_key)
    if (row && !isExpired(row)) return repetition(row, newAction.provider, newAction.content_hash)
    if (row) actions.remove(row)
    const written = created(newAction, clock())
    actions.insert(provider, newAction, written)
    return { outcome: 'created', action: written.action }
  }

  async function sweep(now: number, limit: number): Promise<number> {
    let swept = 0
    for (;;) {
      const size = Math.min(SWEEP_SIZE, limit - swept)
      const removed = await write(() => {
        const rows = actions.released(now, size)
        for (const row of rows) actions.remove(row)
        return rows.length
      })
      swept += removed
      if (removed < size || swept === limit) return swept
    }
  }

  return {
    kind: 'sqlite',
    leaseSeconds,
    now: clock,

    async create(newAction) {
      const provider = reading(() => providers.number(newAction.provider))
      const { settle } = newAction
      const action = settle ? { ...newAction, settle: once(settle) } : newAction
      const creation = await write(() => insert(provider, action))
      if (creation.outcome === 'created' && newAction.job) tell(newAction.provider, { kind: 'job' })
      return creation
    },

    find: (provider, requestKey, contentHash) =>
      reading(() => {
        confirm()
        const row = actions.findByKey(requestKey)
        return row && !isExpired(row) ? repetition(row, provider, contentHash) : undefined
      }),

    known(provider, actionId) {
      const action = recent.get(actionId)
      return action?.provider === provider && !isOver(action.release_at) ? action : undefined
    },

    get: (provider, actionId) =>
      reading(() => {
        const row = find(actions.see, provider, actionId)
        if (row === undefined) return undefined
        const action = actionOf(row, provider, actionId)
        // What a transaction has not committed may never be.
        if (!database.isTransaction) recent.keep(action)
        return action
      }),

    getRequest: (provider, actionId) =>
      reading(() => {
        const row = find(actions.see, provider, actionId)
        return row && actions.request(row[NUMBER])
      }),

    getSecret: (provider, actionId) =>
      reading(() => {
        const row = find(actions.see, provider, actionId)
        return row && actions.secret(row[NUMBER])
      }),

    async transition(provider, actionId, decide, hold) {
      const outcome = await write((): Transition => {
        const row = find(actions.find, provider, actionId)
        if (row === undefined || (hold && !jobs.isHeld(row[NUMBER], hold))) return {}
        const before = actionOf(row, provider, actionId)
        const decision = attempt(() => decide(before))
        if ('refusal' in decision) return decision
        const { value: change } = decision
        if (change === undefined) return { action: before }
        if (change.release) {
          actions.remove(row)
          return { action: before }
        }
        const written = changed(before, change)
        actions.update(row, before, written)
        return { action: written.action, change }
      })
      if ('refusal' in outcome) throw outcome.refusal
      const { change } = outcome
      if (change?.job && change.job !== 'done') tell(provider, { kind: 'job' })
      if (change?.cancel_requested_at !== undefined) tell(provider, { kind: 'cancel', action_id: actionId })
      return outcome.action
    },

    list: (provider, query) =>
      reading(() => {
        const number = providers.find(provider)
        return number === undefined ? [] : list(number, query, clock())
      }),

    readLog: (provider, actionId, query) =>
      reading(() => {
        const row = find(actions.see, provider, actionId)
        return row && log.page(row[NUMBER], query)
      }),

    sweepReleased: sweep,

    overdue: (provider, now, limit) =>
      reading(() => {
        const number = providers.find(provider)
        return number === undefined ? [] : actions.overdue(number, now, limit).map(uuidText)
      }),

    cancelsSince: (provider, before, limit) =>
      reading(() => {
        const number = providers.find(provider)
        return number === undefined ? [] : actions.cancels(number, before, limit).map(uuidText)
      }),

    async takeJobs(provider, instance, limit) {
      const number = reading(() => providers.find(provider))
      if (number === undefined || !reading(() => jobs.areDue(number, clock()))) return []
      return write(() => jobs.take(number, instance, clock(), limit))
    },

    async keepJobs(_provider, instance, held) {
      if (held.length === 0) return { lost: [] }
      const keeps = (job: Job): boolean =>
        withJob(instance, job, (number, hold) => jobs.keep(number, hold, clock()))
      return write(() => ({ lost: held.filter((job) => !keeps(job)).map(({ action_id }) => action_id) }))
    },

    async returnJobs(provider, instance, held) {
      if (held.length === 0) return
      await write(() => {
        for (const job of held) withJob(instance, job, jobs.giveBack)
      })
      tell(provider, { kind: 'job' })
    },

    subscribe(provider, listener) {
      const own = listeners.get(provider) ?? new Set()
      listeners.set(provider, own.add(listener))
      return () => void own.delete(listener)
    },

    namespaces: () => reading(counts.namespaces),

    count: (provider) =>
      reading(() => {
        const number = providers.find(provider) ?? 0
        return { actions: counts.read(number), waiting: jobs.waiting(number) }
      }),

    /** Writes the version that stands in the file already: the smallest write there is, and a real one. */
    ping: () => write(() => database.exec(`PRAGMA user_version = ${version}`)),

    async close() {
      if (!database.isOpen) return
      flush()
      database.close()
    },
  }
}

type Transition = { action?: StoredAction; change?: Change } | { refusal: unknown }

/** What a function returns or throws, as a value. */
function attempt<T>(decide: () => T): { value: T } | { refusal: unknown } {
  try {
    return { value: decide() }
  } catch (refusal) {
    return { refusal }
  }
}

/** An operation may be run again; what it settled must be settled once. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Reads, with errors as the contract has them. */
function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw storeError(error)
  }
}

import type { DatabaseSync } from 'node:sqlite'
import { uuidBytes } from '../../action/keys.ts'
import type { ActionStore, Hold, Job, StoreEvent, StoreOptions } from '../action-store.ts'
import { LEASE_SECONDS } from '../action-store.ts'
import { onceInline } from '../changes.ts'
import { createRecent, NOTHING_RECENT } from '../recent.ts'
import { createWatchers } from '../watchers.ts'
import { createAccess } from './access.ts'
import { backUpTo } from './backup.ts'
import { createCounts } from './counts.ts'
import { prepareCreate } from './create.ts'
import { openingError, storeError } from './failures.ts'
import { watchFiles } from './files.ts'
import { createGroupCommit } from './group-commit.ts'
import { createJobs } from './jobs.ts'
import { createLists } from './lists.ts'
import { createLogs } from './logs.ts'
import { assertImported, openDatabase } from './opening.ts'
import { createProviders } from './providers.ts'
import { prepareRemoval } from './removal.ts'
import { createRequests } from './requests.ts'
import {
  ACTION_COLUMNS,
  type ActionRow,
  actionOf,
  NUMBER,
  type Parts,
  PROVIDER,
  RELEASE_AT,
  STATUS_ROW_COLUMNS,
  type StatusRow,
} from './rows.ts'
import { prepare, type Statement } from './statement.ts'
import { createSteps } from './steps.ts'
import { prepareTransition, type Transition } from './transition.ts'

type SqliteOptions = StoreOptions & {
  /**
   * Whether only this process uses the database (default). It is then locked for all others, and all held
   * jobs are free at once. Processes that share a database take over each other's jobs when their leases end.
   */
  exclusive?: boolean
}

/** The most actions that one transaction removes, so that requests need not wait long. */
const SWEEP_SIZE = 50

/**
 * Opens a store in a file or in memory.
 * @param path `:memory:`, or a file, which is created with its folders if it is missing
 * @throws StoreUnusable with one line that says what to do
 * @example openSqliteStore('data/actions.db')
 */
export function openSqliteStore(path: string, options: SqliteOptions = {}): ActionStore {
  const database = openDatabase(path, options.exclusive)
  try {
    assertImported(database, path)
    return sqliteStore(database, options)
  } catch (error) {
    database.close()
    throw openingError(error, path)
  }
}

/** Makes the store of a database that `openDatabase` has opened. Closing the store closes the database. */
export function sqliteStore(database: DatabaseSync, options: SqliteOptions = {}): ActionStore {
  const { exclusive = true, clock = Date.now, log: warn = () => {} } = options
  // No other process can take the jobs of an exclusive one.
  const { leaseSeconds = exclusive ? Infinity : LEASE_SECONDS } = options
  const path = database.location()
  const confirm = path === null ? () => {} : watchFiles(path, warn)
  const { write, flush } = createGroupCommit(database, confirm)
  const providers = createProviders(database)
  const parts: Parts = {
    access: createAccess(database),
    counts: createCounts(database),
    jobs: createJobs(database, leaseSeconds),
    logs: createLogs(database),
    // Callers ask for the same few actions again and again, and mostly they have not changed.
    recent: exclusive ? createRecent() : NOTHING_RECENT,
    requests: createRequests(database),
    steps: createSteps(database),
  }
  const { counts, jobs, logs, recent, requests, steps } = parts
  const removal = prepareRemoval(database, parts)
  const creations = prepareCreate(database, parts, removal, clock)
  const change = prepareTransition(database, parts, removal)
  const lists = createLists(database)
  const selectToRead = prepare<StatusRow>(
    database,
    `SELECT ${STATUS_ROW_COLUMNS} FROM actions WHERE action_id = ?`,
  )
  const selectToChange = prepare<ActionRow>(
    database,
    `SELECT ${ACTION_COLUMNS} FROM actions WHERE action_id = ?`,
  )
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  const listeners = new Map<string, Set<(event: StoreEvent) => void>>()
  const watchers = createWatchers((error) => warn('A listener of an action threw an error', error))
  if (exclusive) jobs.freeAll()

  const isReleased = (releaseAt: number | null | undefined): boolean =>
    releaseAt != null && releaseAt <= clock()

  /** The row of an action, if it belongs to the provider and is not past its release. */
  function find<Row extends StatusRow | ActionRow>(
    rows: Statement<Row>,
    provider: string,
    actionId: string,
  ): Row | undefined {
    const bytes = uuidBytes(actionId)
    const row = bytes && rows.get(bytes)
    return row && row[PROVIDER] === providers.find(provider) && !isReleased(row[RELEASE_AT]) ? row : undefined
  }

  /** Queries by a provider's number, which exists after its first action. */
  function ofProvider<T>(provider: string, none: T, query: (number: number) => T): T {
    return withStoreErrors(() => {
      const number = providers.find(provider)
      return number === undefined ? none : query(number)
    })
  }

  /** Queries by an action's number. */
  function ofAction<T>(provider: string, actionId: string, query: (number: number) => T): T | undefined {
    return withStoreErrors(() => {
      const row = find(selectToRead, provider, actionId)
      return row && query(row[NUMBER])
    })
  }

  /**
   * Calls `act` with an action and a hold of its job, even after its release. Returns `false` if there is no
   * such action.
   */
  function withJob(
    instance: string,
    { action_id, lease }: Job,
    act: (number: number, hold: Hold) => unknown,
  ): boolean {
    const bytes = uuidBytes(action_id)
    const row = bytes && selectToRead.get(bytes)
    return row !== undefined && act(row[NUMBER], { instance, lease }) !== false
  }

  function notify(provider: string, event: StoreEvent): void {
    for (const listener of listeners.get(provider) ?? []) listener(event)
  }

  async function sweepReleased(now: number, limit: number): Promise<number> {
    let swept = 0
    for (;;) {
      const size = Math.min(SWEEP_SIZE, limit - swept)
      const removed = await write(() => removal.removeReleased(now, size))
      swept += removed
      if (removed < size || swept === limit) return swept
    }
  }

  return {
    kind: 'sqlite',
    system: 'sqlite',
    remote: false,
    leaseSeconds,
    now: clock,

    async create(newAction) {
      const provider = withStoreErrors(() => providers.number(newAction.provider))
      const action = onceInline(newAction)
      const creation = await write(() => creations.create(provider, action))
      const waits = creation.outcome === 'created' && creation.action.runs_on === undefined
      if (waits && newAction.job) notify(newAction.provider, { kind: 'job' })
      return creation
    },

    find: (provider, requestKey, contentHash) =>
      withStoreErrors(() => {
        confirm()
        return creations.find(provider, requestKey, contentHash)
      }),

    known(provider, actionId) {
      const action = recent.get(actionId)
      return action?.provider === provider && !isReleased(action.release_at) ? action : undefined
    },

    get: (provider, actionId) =>
      withStoreErrors(() => {
        const row = find(selectToRead, provider, actionId)
        if (row === undefined) return undefined
        const action = actionOf(row, provider, actionId)
        // Changes that are not committed may still be undone.
        if (!database.isTransaction) recent.keep(action)
        return action
      }),

    getWork: (provider, actionId) =>
      ofAction(provider, actionId, (number) => {
        const request = requests.request(number)
        if (request === undefined) return undefined
        const secret = requests.secret(number)
        return { request, secret, steps: steps.steps(number), events: steps.events(number) }
      }),

    getSecret: (provider, actionId) => ofAction(provider, actionId, requests.secret),

    async transition(provider, actionId, decide, hold) {
      const outcome = await write((): Transition | undefined => {
        const row = find(selectToChange, provider, actionId)
        if (row === undefined || (hold && !jobs.isHeld(row[NUMBER], hold))) return undefined
        return change(row, actionOf(row, provider, actionId), decide)
      })
      if (outcome === undefined) return undefined
      if ('refusal' in outcome) throw outcome.refusal
      const { job, cancel_requested_at, release, log = [] } = outcome.change ?? {}
      if (outcome.change) {
        const logged = log.length > 0
        watchers.notify(actionId, release ? { logged } : { action: outcome.action, logged })
      }
      if (job && job !== 'done') notify(provider, { kind: 'job' })
      if (cancel_requested_at !== undefined) notify(provider, { kind: 'cancel', action_id: actionId })
      return outcome.action
    },

    list: (provider, query) => ofProvider(provider, [], (number) => lists.list(number, query, clock())),

    readLog: (provider, actionId, query) =>
      ofAction(provider, actionId, (number) => logs.page(number, query)),

    logAfter: (provider, actionId, position, limit) =>
      ofAction(provider, actionId, (number) => logs.after(number, position, limit)),

    sweepReleased,

    overdue: (provider, now, limit) =>
      ofProvider(provider, [], (number) => lists.overdue(number, now, limit)),

    cancelsSince: (provider, before, limit) =>
      ofProvider(provider, [], (number) => lists.cancelsSince(number, before, limit)),

    async takeJobs(provider, instance, limit, limits) {
      const number = withStoreErrors(() => providers.find(provider))
      if (number === undefined || !withStoreErrors(() => jobs.areDue(number, clock()))) return []
      return write(() => jobs.take(number, instance, clock(), limit, limits))
    },

    nextDue: (provider) =>
      ofProvider<number | undefined>(provider, undefined, (number) => jobs.nextDue(number, clock())),

    async keepJobs(_provider, instance, held) {
      if (held.length === 0) return { lost: [] }
      const keeps = (job: Job): boolean =>
        withJob(instance, job, (number, hold) => jobs.keep(number, hold, clock()))
      return write(() => ({ lost: held.filter((job) => !keeps(job)).map(({ action_id }) => action_id) }))
    },

    async returnJobs(provider, instance, held) {
      if (held.length === 0) return
      await write(() => {
        for (const job of held) withJob(instance, job, jobs.release)
      })
      notify(provider, { kind: 'job' })
    },

    subscribe(provider, listener) {
      const own = listeners.get(provider) ?? new Set()
      listeners.set(provider, own.add(listener))
      return () => void own.delete(listener)
    },

    watch: (_provider, actionId, listener) => watchers.watch(actionId, listener),

    namespaces: () => withStoreErrors(counts.namespaces),

    count: (provider) =>
      withStoreErrors(() => {
        const number = providers.find(provider) ?? 0
        return { actions: counts.read(number), waiting: jobs.waiting(number, clock()) }
      }),

    /** Writes the schema version that the file has already: the smallest real write. */
    ping: () => write(() => database.exec(`PRAGMA user_version = ${version}`)),

    ...(path !== null && { backUpTo: (file: string) => backUpTo(database, file) }),

    async close() {
      if (!database.isOpen) return
      flush()
      database.close()
    },
  }
}

/** Reads, with errors as the contract of stores defines them. */
function withStoreErrors<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw storeError(error)
  }
}

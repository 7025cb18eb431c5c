import { uuidBytes } from '../../action/keys.ts'
import { ServiceUnavailable } from '../../errors.ts'
import { within } from '../../promise-like.ts'
import { type ActionStore, LEASE_SECONDS, type StoreOptions } from '../action-store.ts'
import { createRecent } from '../recent.ts'
import { type DatabaseClock, readClock, type Times } from './clock.ts'
import { createContact } from './contact.ts'
import { count, namespaces } from './counts.ts'
import { findByKey, prepareCreate } from './create.ts'
import { type Database, openPool } from './database.ts'
import { createJobs } from './jobs.ts'
import { cancelsSince, list, overdue } from './lists.ts'
import { logAfter, readLog } from './logs.ts'
import { createNotifications } from './notifications.ts'
import { assertImported, bringUpToDate, configOf, type Log } from './opening.ts'
import { sweepReleased } from './removal.ts'
import { createRequests } from './requests.ts'
import type { Statement } from './statement.ts'
import { prepareTransition } from './transition.ts'

type PostgresStoreOptions = StoreOptions & {
  /** The most connections it uses (default 10), besides the one that listens. */
  poolSize?: number
}

/** How long closing waits for connections of a silent database, in milliseconds. */
const CLOSE_TIMEOUT = 3_000

const PING: Statement = {
  name: 'ping',
  text: "SELECT current_setting('transaction_read_only') = 'on' AS read_only",
}

/**
 * Opens the store in a PostgreSQL database, which any number of instances may share. Creates or updates its
 * tables in the schema `action_provider`.
 *
 * All times (due, deadline, release, leases) are the database's, unless `clock` is given, so the clocks of
 * instances need not agree. `log` receives a message if this machine's clock is more than a second off, since
 * authors' work reads that clock.
 *
 * @throws StoreUnusable if the database cannot be reached, refuses the connection, or is too old; the message
 * says what to do
 * @example const store = await openPostgresStore('postgres://provider:secret@db.example.org:5432/provider')
 */
export async function openPostgresStore(
  url: string,
  options: PostgresStoreOptions = {},
): Promise<ActionStore> {
  const { leaseSeconds = LEASE_SECONDS, poolSize = 10, log = () => {} } = options
  const config = configOf(url)
  await bringUpToDate(config, log, assertImported)
  const lease = leaseSeconds * 1_000
  const database = openPool(config, {
    size: poolSize,
    report: (error) => log('A database connection broke', error),
  })
  const databaseClock = options.clock ? undefined : await clockOf(database, log)
  const clock = options.clock ?? databaseClock?.now ?? Date.now
  const times: Times = {
    now: clock,
    due: (at) => (databaseClock && at <= clock() ? null : at),
    lease,
  }
  const notifications = createNotifications(config, (error) =>
    log('The connection that listens to the database broke', error),
  )
  const recent = createRecent()
  const create = prepareCreate(database, notifications, times, recent)
  const { find: findAction, transition } = prepareTransition(database, notifications, times, recent)
  let closing: Promise<void> | undefined
  const requests = createRequests(database, clock)
  const contact = createContact(database, lease)
  const jobs = createJobs(database, notifications, contact, lease, options.clock)

  return {
    kind: 'postgres',
    system: 'postgresql',
    remote: true,
    leaseSeconds,
    now: clock,
    create,
    find: (_provider, requestKey, contentHash) => findByKey(database, requestKey, contentHash, clock()),
    get: async (provider, id) => (uuidBytes(id) ? findAction(provider, id) : undefined),
    getWork: requests.work,
    getSecret: requests.secret,
    transition: async (provider, id, decide, hold) =>
      uuidBytes(id) ? transition(provider, id, decide, hold) : undefined,
    list: (provider, query) => list(database, provider, query, clock()),
    readLog: async (provider, id, query) =>
      uuidBytes(id) ? readLog(database, provider, id, query, clock()) : undefined,
    logAfter: async (provider, action_id, position, limit) =>
      uuidBytes(action_id)
        ? logAfter(database, { provider, action_id, position, limit, now: clock() })
        : undefined,
    sweepReleased: (now, limit) => sweepReleased(database, now, limit),
    overdue: (provider, now, limit) => overdue(database, provider, now, limit),
    cancelsSince: (provider, before, limit) => cancelsSince(database, provider, before, limit),
    takeJobs: jobs.take,
    nextDue: jobs.nextDue,
    keepJobs: jobs.keep,
    returnJobs: jobs.return,
    subscribe: notifications.subscribe,
    watch: (_provider, actionId, listener) => notifications.watch(actionId, listener),
    namespaces: () => namespaces(database),
    count: (provider) => count(database, provider, options.clock?.()),
    async ping() {
      const [row] = await database.query<{ read_only: boolean }>(PING, [])
      if (row?.read_only) throw new ServiceUnavailable('The database is read-only at the moment')
    },
    close: () => {
      databaseClock?.close()
      contact.close()
      closing ??= within(Promise.all([database.close(), notifications.close()]), CLOSE_TIMEOUT)
      return closing
    },
  }
}

/** The largest difference between the clocks that is not reported, in milliseconds. */
const TOLERATED_SKEW = 1_000

/** Reads the database's clock, and reports a large difference from this machine's clock. */
async function clockOf(database: Database, log: Log): Promise<DatabaseClock> {
  const clock = await readClock(database)
  const skew = Math.round(clock.skew() / 1_000)
  if (Math.abs(clock.skew()) > TOLERATED_SKEW) {
    log(
      `The clock of this machine is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the database's, which the store uses: set this machine's clock by NTP`,
    )
  }
  return clock
}

import { Client, type ClientConfig } from 'pg'
import { uuidBytes } from '../../action/keys.ts'
import { ServiceUnavailable, StoreUnusable } from '../../errors.ts'
import { type ActionStore, LEASE_SECONDS, type StoredRequest, type StoreOptions } from '../action-store.ts'
import { count, namespaces } from './counts.ts'
import { createCreates, findByKey } from './creates.ts'
import { openPool, type Statement } from './database.ts'
import { openingError, type Place } from './failures.ts'
import { createJobs } from './jobs.ts'
import { cancelsSince, list, overdue } from './lists.ts'
import { readLog } from './logs.ts'
import { migrate } from './migrations.ts'
import { createNotifications } from './notifications.ts'
import { sweepReleased } from './removal.ts'
import { createTransitions } from './transitions.ts'

export type PostgresStoreOptions = StoreOptions & {
  /** How many connections it uses at most, beside one that listens (default 10). */
  poolSize?: number
}

const GET_REQUEST: Statement = {
  name: 'get-request',
  text: `SELECT r.request FROM action_provider.actions a
    JOIN action_provider.requests r ON r.request_key = a.request_key
    WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)`,
}

const GET_SECRET: Statement = {
  name: 'get-secret',
  text: `SELECT s.secret FROM action_provider.actions a
    JOIN action_provider.secrets s ON s.action_id = a.action_id
    WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)`,
}

const PING: Statement = {
  name: 'ping',
  text: "SELECT current_setting('transaction_read_only') = 'on' AS read_only",
}

/** The oldest PostgreSQL that its makers still mend. */
const OLDEST_VERSION = 14

/**
 * Opens the store in a PostgreSQL database, which any number of instances may share. Its tables are made, or brought up
 * to date, in the schema `action_provider`.
 *
 * Times that callers give (due, deadline, release) are compared with times that callers give: instances' clocks should
 * agree to within a second or so. Leases are judged by the database's clock, unless `clock` is given.
 *
 * @throws StoreUnusable when it cannot be reached, refuses, or is too old; the message says what to do
 * @example const store = await openPostgresStore('postgres://provider:secret@db.example.org:5432/provider')
 */
export async function openPostgresStore(
  url: string,
  options: PostgresStoreOptions = {},
): Promise<ActionStore> {
  const { leaseSeconds = LEASE_SECONDS, poolSize = 10, log = () => {}, clock = Date.now } = options
  const config = configOf(url)
  await prepare(config)
  const database = openPool(config, poolSize, (error) => log('A database connection broke', error))
  const notifications = createNotifications(config, (error) =>
    log('The connection that listens to the database broke', error),
  )
  const create = createCreates(database, notifications, clock)
  const { find: findAction, transition } = createTransitions(database, notifications, clock)
  let closing: Promise<void> | undefined
  const jobs = createJobs(database, notifications, leaseSeconds, options.clock)

  async function single<Row>(statement: Statement, provider: string, id: string): Promise<Row | undefined> {
    if (uuidBytes(id) === undefined) return undefined
    const [row] = await database.query<Row>(statement, [id, provider, clock()])
    return row
  }

  return {
    kind: 'postgres',
    create,
    find: (_provider, requestKey, contentHash) => findByKey(database, requestKey, contentHash, clock()),
    get: async (provider, id) => (uuidBytes(id) ? findAction(provider, id) : undefined),
    async getRequest(provider, id) {
      const row = await single<{ request: string }>(GET_REQUEST, provider, id)
      return row && (JSON.parse(row.request) as StoredRequest)
    },
    getSecret: async (provider, id) =>
      (await single<{ secret: Uint8Array }>(GET_SECRET, provider, id))?.secret,
    transition: async (provider, id, decide) =>
      uuidBytes(id) ? transition(provider, id, decide) : undefined,
    list: (provider, query) => list(database, provider, query, clock()),
    readLog: async (provider, id, query) =>
      uuidBytes(id) ? readLog(database, provider, id, query, clock()) : undefined,
    sweepReleased: (now, limit) => sweepReleased(database, now, limit),
    overdue: (provider, now, limit) => overdue(database, provider, now, limit),
    cancelsSince: (provider, before, limit) => cancelsSince(database, provider, before, limit),
    takeJobs: jobs.take,
    keepJobs: jobs.keep,
    returnJobs: jobs.return,
    subscribe: notifications.subscribe,
    namespaces: () => namespaces(database),
    count: (provider) => count(database, provider),
    async ping() {
      const [row] = await database.query<{ read_only: boolean }>(PING, [])
      if (row?.read_only) throw new ServiceUnavailable('The database is read-only at the moment')
    },
    close: () => {
      closing ??= Promise.all([database.close(), notifications.close()]).then(() => {})
      return closing
    },
  }
}

const SETTINGS = [
  // The store relies on each statement seeing what has been committed before it.
  'default_transaction_isolation=read\\ committed',
  // Every statement is made for its indexes: it shall not be planned again for each call, nor read a table from end to end
  // for as long as the plan lives because the table was small when it was made.
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'jit=off',
]

/** How every connection is made. Nothing waits for long: a caller would rather hear that it should come again. */
function configOf(url: string): ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new StoreUnusable(
      'The database URL is not one of PostgreSQL: write postgres://user:password@host:5432/database',
    )
  }
  return {
    connectionString: url,
    application_name: 'action-provider',
    connectionTimeoutMillis: 3_000,
    statement_timeout: 10_000,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 15_000,
    query_timeout: 12_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: SETTINGS.map((setting) => `-c ${setting}`).join(' '),
  }
}

/** Sees that the database can be used, and brings its tables up to date. */
async function prepare(config: ClientConfig): Promise<void> {
  // Waiting for another instance's migration may take long.
  const { query_timeout: _, ...patient } = config
  const client = new Client(patient)
  client.on('error', () => {})
  const place = placeOf(client)
  try {
    await client.connect()
    await check(client, place)
    await migrate(client)
  } catch (error) {
    throw openingError(error, place)
  } finally {
    await client.end().catch(() => {})
  }
}

function placeOf({ host, port, database, user }: Client): Place {
  return { host, port, database: database ?? '', user: user ?? '' }
}

async function check(client: Client, { host, port, database }: Place): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding",
  )
  const { version = 0, encoding } = rows[0] ?? {}
  if (version < OLDEST_VERSION) {
    throw new StoreUnusable(
      `PostgreSQL at ${host}:${port} has version ${version}: upgrade it to ${OLDEST_VERSION} or later`,
    )
  }
  if (encoding !== 'UTF8') {
    throw new StoreUnusable(
      `Database "${database}" keeps text as ${encoding}: create one with ENCODING 'UTF8', and name it in the database URL`,
    )
  }
}

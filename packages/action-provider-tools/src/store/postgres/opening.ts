import { Client, type ClientConfig } from 'pg'
import { StoreUnusable } from '../../errors.ts'
import type { StoreOptions } from '../action-store.ts'
import { unfinishedImport } from '../unfinished-import.ts'
import { openingError, type Place } from './failures.ts'
import { migrate } from './migrations.ts'

export type Log = NonNullable<StoreOptions['log']>

/** The oldest supported version of PostgreSQL. */
const OLDEST_VERSION = 14

const SETTINGS = [
  // Each statement must see everything that was committed before it.
  'default_transaction_isolation=read\\ committed',
  // Every statement has its indexes. One plan serves all calls, and must not scan a whole table because the
  // table was small when the plan was made.
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'jit=off',
]

/**
 * The settings of every connection. Time limits are short, so that callers soon learn to try again.
 * @throws StoreUnusable if the URL is not one of PostgreSQL
 */
export function configOf(url: string): ClientConfig {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new StoreUnusable(
      'The database URL is not one of PostgreSQL: write postgres://user:password@host:5432/database',
    )
  }
  return {
    connectionString: url,
    application_name: 'action-provider',
    connectionTimeoutMillis: 3_000,
    lock_timeout: 3_000,
    statement_timeout: 4_000,
    // Longer than statement_timeout, so that the outcome of a statement is unknown only if the server is
    // silent.
    query_timeout: 5_000,
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    options: SETTINGS.map((setting) => `-c ${setting}`).join(' '),
  }
}

/**
 * Checks the database, updates its schema, and then calls `then`.
 * @throws StoreUnusable with one line that says what to do
 */
export async function bringUpToDate(
  config: ClientConfig,
  log: Log,
  then: (client: Client) => Promise<void> = async () => {},
): Promise<void> {
  // Another instance's migration may take long.
  const { query_timeout: _, ...patient } = config
  const client = new Client(patient)
  client.on('error', () => {})
  const place = placeOf(client)
  try {
    await client.connect()
    await check(client, place, log)
    await migrate(client)
    await then(client)
  } catch (error) {
    throw openingError(error, place)
  } finally {
    await client.end().catch(() => {})
  }
}

function placeOf({ host, port, database, user }: Client): Place {
  return { host, port, database: database ?? '', user: user ?? '' }
}

async function check(client: Client, { host, port, database }: Place, log: Log): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string; commit: string }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('server_encoding') AS encoding,
      current_setting('synchronous_commit') AS commit`,
  )
  const { version = 0, encoding, commit } = rows[0] ?? {}
  if (version < OLDEST_VERSION) {
    throw new StoreUnusable(
      `PostgreSQL at ${host}:${port} has version ${version}: upgrade it to ${OLDEST_VERSION} or later`,
    )
  }
  if (encoding !== 'UTF8') {
    throw new StoreUnusable(
      `Database "${database}" has the encoding ${encoding}: create one with ENCODING 'UTF8', and name it in the database URL`,
    )
  }
  if (commit === 'off') {
    log(
      `PostgreSQL at ${host}:${port} has synchronous_commit=off, which may lose what was acknowledged: connections of this store use on`,
    )
  }
}

/** @throws StoreUnusable if an import into the database is not complete */
export async function assertImported(client: Client): Promise<void> {
  const { rows } = await client.query("SELECT 1 WHERE to_regclass('action_provider.import') IS NOT NULL")
  if (rows.length === 0) return
  const unfinished = await client.query('SELECT 1 FROM action_provider.import WHERE NOT complete')
  if (unfinished.rows.length > 0) throw new StoreUnusable(unfinishedImport('the database'))
}

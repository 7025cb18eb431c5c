import { type ClientConfig, DatabaseError, Pool, type PoolClient } from 'pg'
import { isCollision, storeError } from './failures.ts'
import type { Statement } from './statement.ts'

/** Runs a statement and resolves with its rows. Rejects with ServiceUnavailable or ActionProviderError. */
export type Query = <Row>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>

/** A pool of connections to one database. */
export type Database = {
  query: Query
  /** Runs `work` in a transaction, and again if the transaction collides with another one. */
  transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T>
  close: () => Promise<void>
}

/** How often a statement that collides with others is tried. */
const ATTEMPTS = 5

/**
 * With `off`, a commit is acknowledged before it is on disk, and may be lost. Connections then use `on`; any
 * other value stays, also when the server's setting changes later.
 */
const COMMIT_ON_DISK = `SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
  WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)`

type PoolOptions = {
  size: number
  /** Receives errors of idle connections, which the pool replaces. */
  report: (error: Error) => void
}

export function openPool(config: ClientConfig, { size, report }: PoolOptions): Database {
  const pool = new Pool({
    ...config,
    max: size,
    idleTimeoutMillis: 30_000,
    onConnect: async (client) => void (await client.query(COMMIT_ON_DISK)),
  })
  pool.on('error', report)
  // A connection may break between two statements of a transaction. The next statement reports it.
  pool.on('connect', (client) => client.on('error', () => {}))

  const query: Query = (statement, values) =>
    retryCollisions(async () => {
      const { rows } = await pool.query({ ...statement, values: [...values] })
      return rows
    })

  return {
    query,
    transaction: (work) => retryCollisions(() => transact(pool, work)),
    close: async () => {
      if (!pool.ending) await pool.end()
    },
  }
}

async function transact<T>(pool: Pool, work: (query: Query) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN')
    const result = await work(async (statement, values) => {
      return (await client.query({ ...statement, values: [...values] })).rows
    })
    await client.query('COMMIT')
    return result
  } catch (error) {
    broken = await rollBack(client, error)
    throw error
  } finally {
    client.release(broken)
  }
}

/** Resolves with an error if the connection cannot be used again. */
async function rollBack(client: PoolClient, cause: unknown): Promise<Error | undefined> {
  if (!(cause instanceof DatabaseError)) return new Error('The state of the connection is unknown', { cause })
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return new Error('The connection is broken', { cause: error })
  }
}

async function retryCollisions<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isCollision(error) || attempts === ATTEMPTS) throw storeError(error)
    }
  }
}

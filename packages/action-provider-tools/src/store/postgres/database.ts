import { type ClientConfig, DatabaseError, Pool, type PoolClient } from 'pg'
import { isCollision, storeError } from './failures.ts'

/** A statement that each connection prepares once, under its name. */
export type Statement = { name: string; text: string }

/** Runs a statement and gives its rows. Rejects with ServiceUnavailable or ActionProviderError. */
export type Query = <Row>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>

/** A pool of connections to one database. */
export type Database = {
  query: Query
  /** Runs several statements as one transaction, again when it collided with another: `work` must be repeatable. */
  transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T>
  close: () => Promise<void>
}

/** How often a statement that collides with others is tried before it is given up. */
const ATTEMPTS = 5

/** @param report is told of connections that broke while nobody used them; the pool replaces them */
export function openPool(config: ClientConfig, size: number, report: (error: Error) => void): Database {
  const pool = new Pool({ ...config, max: size, idleTimeoutMillis: 30_000 })
  pool.on('error', report)
  // A connection may break between two statements of a transaction. The next statement tells; nobody else needs to.
  pool.on('connect', (client) => client.on('error', () => {}))

  const query: Query = (statement, values) =>
    persevere(async () => (await pool.query({ ...statement, values: [...values] })).rows)

  return {
    query,
    transaction: (work) => persevere(() => transact(pool, work)),
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

/** Resolves with what is wrong with a connection that cannot be used again. */
async function rollBack(client: PoolClient, cause: unknown): Promise<Error | undefined> {
  if (!(cause instanceof DatabaseError)) return new Error('The connection is in doubt', { cause })
  try {
    await client.query('ROLLBACK')
    return undefined
  } catch (error) {
    return new Error('The connection is broken', { cause: error })
  }
}

async function persevere<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isCollision(error) || attempts === ATTEMPTS) throw storeError(error)
    }
  }
}

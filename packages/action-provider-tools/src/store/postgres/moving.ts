import { Client, type ClientConfig } from 'pg'
import { StoreUnusable } from '../../errors.ts'
import type { OpeningOptions } from '../moving/dialect.ts'
import { openingError } from './failures.ts'
import { bringUpToDate, configOf } from './opening.ts'

/** What stands for a request that its store has not kept. */
export const NO_REQUEST = 'null'

/** A connection of its own, that may take its time and is told from an instance's. */
export async function connect(url: string, log: OpeningOptions['log']): Promise<Client> {
  const config = configOf(url)
  await bringUpToDate(config, log ?? (() => {}))
  const patient: ClientConfig = {
    ...config,
    application_name: 'action-provider-store',
    statement_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  }
  delete patient.query_timeout
  const client = new Client(patient)
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    throw openingError(error, {
      host: client.host,
      port: client.port,
      database: client.database ?? '',
      user: client.user ?? '',
    })
  }
}

/** @throws StoreUnusable where instances are connected to the database, as far as this user may see */
export async function assertAlone(client: Client, otherwise = ''): Promise<void> {
  const { rows } = await client.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'action-provider' LIMIT 1`,
  )
  if (rows.length > 0) {
    throw new StoreUnusable(`Instances are connected to the database: stop them first${otherwise}`)
  }
}

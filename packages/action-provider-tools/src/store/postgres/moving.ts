import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import { StoreUnusable } from '../../errors.ts'
import type { OpeningOptions } from '../moving/dialect.ts'
import { openingError } from './failures.ts'
import { bringUpToDate, configOf } from './opening.ts'

/** Marks a request that the exporting store had not kept. */
export const NO_REQUEST = 'null'

/** Opens a connection without time limits, with a name that tells it from those of instances. */
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

/** How long the server may take to end the connections of an instance that has stopped, in milliseconds. */
const ENDING = 2_000

/** @throws StoreUnusable if instances are connected to the database, as far as this user can see */
export async function assertAlone(client: Client, otherwise = ''): Promise<void> {
  for (const until = performance.now() + ENDING; await hasInstances(client); await sleep(50)) {
    if (performance.now() > until)
      throw new StoreUnusable(`Instances are connected to the database: stop them first${otherwise}`)
  }
}

async function hasInstances(client: Client): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'action-provider' LIMIT 1`,
  )
  return rows.length > 0
}

import type { Client } from 'pg'
import { StoreUnusable } from '../../errors.ts'
import { VERSIONS } from './schema.ts'

/** The advisory lock of migrations: "action p" in ASCII. */
const LOCK = '7017280452245626992'

/**
 * Updates the schema. If several instances start at once, one migrates and the others wait. A newer schema
 * that this version can use is left as it is.
 *
 * @param client a connection that is closed afterwards, which releases the lock
 * @throws StoreUnusable if the schema is too new for this version
 */
export async function migrate(client: Client): Promise<void> {
  if ((await currentVersion(client)).version === VERSIONS.length) return
  // Other migrations may take long. The transaction begins after the wait: inside one, a session may keep an
  // old view of the schema.
  await client.query('SET statement_timeout = 0; SET lock_timeout = 0')
  await client.query('SELECT pg_advisory_lock($1)', [LOCK])
  await client.query('BEGIN')
  const { version, usableFrom } = await currentVersion(client)
  if (version > VERSIONS.length) {
    if (usableFrom <= VERSIONS.length) return
    throw new StoreUnusable(
      `The database was written by a newer version of this software (its schema has version ${version}, this one knows ${VERSIONS.length}): upgrade this instance`,
    )
  }
  if (version === 0) await createSchema(client)
  for (const migration of VERSIONS.slice(version)) await client.query(migration)
  await client.query('UPDATE action_provider.schema_version SET version = $1', [VERSIONS.length])
  await client.query('COMMIT')
}

type Version = { version: number; usableFrom: number }

async function currentVersion(client: Client): Promise<Version> {
  const { rows } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('action_provider.schema_version') IS NOT NULL AS "exists"`,
  )
  if (!rows[0]?.exists) return { version: 0, usableFrom: 0 }
  // As JSON, since early versions have no column `usable_from`.
  const found = await client.query<{ known: { version: number; usable_from?: number } }>(
    'SELECT to_jsonb(s) AS known FROM action_provider.schema_version s',
  )
  const { version = 0, usable_from: usableFrom = version } = found.rows[0]?.known ?? {}
  return { version, usableFrom }
}

/** Creates the schema, unless an administrator has created it for a user without that right. */
async function createSchema(client: Client): Promise<void> {
  const { rows } = await client.query<{ exists: boolean }>(
    `SELECT to_regnamespace('action_provider') IS NOT NULL AS "exists"`,
  )
  if (!rows[0]?.exists) await client.query('CREATE SCHEMA action_provider')
  await client.query(
    'CREATE TABLE action_provider.schema_version (version integer NOT NULL); INSERT INTO action_provider.schema_version VALUES (0)',
  )
}

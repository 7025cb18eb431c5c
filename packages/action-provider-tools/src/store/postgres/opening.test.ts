import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../../../../test/eventually.ts'
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts'
import { StoreUnusable } from '../../errors.ts'
import { newAction } from '../../store-contract/actions.ts'
import type { Job } from '../action-store.ts'
import { openPostgresStore } from './store.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())

async function administer(url: string, statement: string): Promise<unknown[]> {
  const client = new Client(url)
  await client.connect()
  return (await client.query(statement).finally(() => client.end())).rows
}

/** The message with which opening fails. */
async function refusal(url: string): Promise<string> {
  const error: unknown = await openPostgresStore(url).then(
    (store) => store.close(),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StoreUnusable)
  const { message } = error as StoreUnusable
  expect(message).not.toContain('\n')
  expect(message).not.toMatch(/not-secret|wrong-secret/)
  return message
}

function changed(change: (url: URL) => void): string {
  const url = new URL(postgres.url)
  change(url)
  return url.href
}

test('five instances start on an empty database at once', async () => {
  const url = await postgres.createDatabase('empty')
  const stores = await Promise.all(Array.from({ length: 5 }, () => openPostgresStore(url)))
  await Promise.all(stores.map((store) => store.ping()))
  await Promise.all(stores.map((store) => store.close()))
})

test('a store that is there already is opened again', async () => {
  const url = await postgres.createDatabase('twice')
  await (await openPostgresStore(url)).close()
  await (await openPostgresStore(url)).close()
})

test.each([
  ['no URL', () => 'somewhere', 'write postgres://user:password@host:5432/database'],
  ['another kind of URL', () => 'mysql://root:not-secret@127.0.0.1/x', 'write postgres://'],
  ['a wrong password', () => changed((url) => (url.password = 'wrong-secret')), 'refuses the password'],
  ['an unknown database', () => changed((url) => (url.pathname = '/nowhere')), 'has no database "nowhere"'],
  ['an unknown host', () => changed((url) => (url.hostname = 'nowhere.invalid')), 'correct the host'],
  ['nobody listening', () => changed((url) => (url.port = '1')), 'cannot be reached'],
])('%s is refused with what to do', async (_name, url, words) => {
  expect(await refusal(url())).toContain(words)
})

test('a user who may not create the schema is told what to grant', async () => {
  await administer(postgres.url, "CREATE ROLE humble LOGIN PASSWORD 'not-secret'")
  const message = await refusal(
    changed((url) => {
      url.username = 'humble'
    }),
  )
  expect(message).toContain('GRANT CREATE ON DATABASE "actions" TO "humble"')
})

test('a user whose schema an administrator made needs no more', async () => {
  const url = new URL(await postgres.createDatabase('prepared'))
  await administer(
    url.href,
    "CREATE ROLE modest LOGIN PASSWORD 'not-secret'; CREATE SCHEMA action_provider AUTHORIZATION modest",
  )
  url.username = 'modest'
  const store = await openPostgresStore(url.href)
  await store.ping()
  await store.close()
})

test('a schema from which a newer version took something is left alone', async () => {
  const url = await postgres.createDatabase('newer')
  await (await openPostgresStore(url)).close()
  await administer(url, 'UPDATE action_provider.schema_version SET version = 1000, usable_from = 1000')
  expect(await refusal(url)).toContain('upgrade this instance')
})

test('a database that cannot keep every text is refused', async () => {
  const url = await postgres.createDatabase("latin ENCODING 'LATIN1' TEMPLATE template0")
  expect(await refusal(changed((it) => (it.pathname = '/latin')))).toContain("ENCODING 'UTF8'")
  expect(url).toContain('latin')
})

test('a database that is read-only is refused', async () => {
  const url = await postgres.createDatabase('standby')
  await administer(url, 'ALTER DATABASE standby SET default_transaction_read_only = on')
  expect(await refusal(url)).toContain('read-only')
})

/** What undoes the versions of the schema, the newest first, down to the one that each is named after. */
const UNDO = {
  before_steps: `DROP INDEX action_provider.log_written;
    DROP TABLE action_provider.contact, action_provider.steps, action_provider.events;
    ALTER TABLE action_provider.actions DROP COLUMN events, DROP COLUMN work_version;
    UPDATE action_provider.schema_version SET version = 7`,
  first_version: `ALTER TABLE action_provider.actions DROP COLUMN lease, DROP COLUMN report, DROP COLUMN failures,
      DROP COLUMN cancel_requested_by, DROP COLUMN resumed_by, DROP COLUMN job_key;
    ALTER TABLE action_provider.jobs DROP COLUMN lease, DROP COLUMN left_by, DROP COLUMN caller, DROP COLUMN key;
    ALTER TABLE action_provider.counts RENAME TO tallies;
    ALTER TABLE action_provider.schema_version DROP COLUMN usable_from;
    UPDATE action_provider.schema_version SET version = 1`,
}

test.each([
  ['before_steps', UNDO.before_steps],
  ['first_version', `${UNDO.before_steps}; ${UNDO.first_version}`],
])('what the version %s wrote is carried on', async (version, undo) => {
  const url = await postgres.createDatabase(version)
  const before = await openPostgresStore(url, { leaseSeconds: 1 })
  const held = newAction({ provider: 'p', job: true })
  const waiting = newAction({ provider: 'p', job: true })
  await before.create(held)
  await before.takeJobs('p', 'before', 1)
  await before.create(waiting)
  await before.close()
  await administer(
    url,
    `${undo}; UPDATE action_provider.actions SET runs_on = 'before', attempt = 1 WHERE action_id = '${held.action_id}'`,
  )
  const after = await openPostgresStore(url, { leaseSeconds: 1 })
  const jobs: Job[] = []
  await eventually(async () => {
    await after.keepJobs('p', 'after', jobs)
    return jobs.push(...(await after.takeJobs('p', 'after', 9))) === 2
  })
  expect(await after.count('p')).toMatchObject({ actions: { ACTIVE: 2 } })
  for (const { action_id, lease } of jobs) {
    const hold = { instance: 'after', lease }
    const began = await after.transition(
      'p',
      action_id,
      ({ attempt }) => ({ attempt: attempt + 1, lease }),
      hold,
    )
    expect(began).toMatchObject({ lease, report: 0, attempt: action_id === held.action_id ? 2 : 1 })
  }
  await after.close()
})

test.each([
  ['off', 'on'],
  ['local', 'local'],
  ['remote_write', 'remote_write'],
])('with synchronous_commit=%s an action is recorded with %s', async (setting, used) => {
  const url = await postgres.createDatabase(`commit_${setting}`)
  await (await openPostgresStore(url)).close()
  await administer(
    url,
    `CREATE TABLE seen (setting text); ALTER DATABASE commit_${setting} SET synchronous_commit = ${setting};
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END';
    CREATE TRIGGER see AFTER INSERT ON action_provider.actions EXECUTE FUNCTION see()`,
  )
  const said: string[] = []
  const store = await openPostgresStore(url, { log: (message) => said.push(message) })
  await Promise.all(Array.from({ length: 5 }, () => store.create(newAction())))
  await store.close()
  expect(
    new Set((await administer(url, 'SELECT setting FROM seen')).map((row) => JSON.stringify(row))),
  ).toEqual(new Set([JSON.stringify({ setting: used })]))
  expect(said.filter((message) => message.includes('synchronous_commit'))).toHaveLength(
    setting === 'off' ? 1 : 0,
  )
})

test('a server that is told later not to wait for the disk is overruled too', async () => {
  const url = await postgres.createDatabase('commit_later')
  const store = await openPostgresStore(url)
  await administer(
    url,
    `CREATE TABLE seen (setting text);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO seen VALUES (current_setting(''synchronous_commit'')); RETURN NULL; END';
    CREATE TRIGGER see AFTER INSERT ON action_provider.actions EXECUTE FUNCTION see()`,
  )
  await store.create(newAction())
  await postgres.set('synchronous_commit', 'off')
  await store.create(newAction())
  await postgres.set('synchronous_commit', 'on')
  await store.close()
  expect(await administer(url, 'SELECT DISTINCT setting FROM seen')).toEqual([{ setting: 'on' }])
})

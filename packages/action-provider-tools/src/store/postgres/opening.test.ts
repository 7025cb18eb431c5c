import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts'
import { StoreUnusable } from '../../errors.ts'
import { openPostgresStore } from './postgres-store.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())

async function administer(url: string, statement: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.query(statement).finally(() => client.end())
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

test('a schema that a newer version wrote is left alone', async () => {
  const url = await postgres.createDatabase('newer')
  await (await openPostgresStore(url)).close()
  await administer(url, 'UPDATE action_provider.schema_version SET version = 1000')
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

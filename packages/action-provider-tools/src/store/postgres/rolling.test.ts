import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts'
import { done, entry, newAction } from '../../store-contract/actions.ts'
import type { ActionStore } from '../action-store.ts'
import { VERSIONS } from './schema.ts'
import { openPostgresStore } from './store.ts'

/** Instances of the version before, while and after the schema is brought to a newer one. */

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())

/**
 * What each version since the first that may be released does. Those before are not used beside each other.
 */
const released = VERSIONS.slice(5)

/** What an instance of the version before does not notice. */
const ADDS = [
  /^CREATE ((UNLOGGED )?TABLE|INDEX) /,
  /^ALTER TABLE \S+( ADD COLUMN \w+ (\w+|double precision)( COLLATE "C")?( NOT NULL DEFAULT \S+)?,?)+$/,
]

test('every version adds to the one before, or says that older ones cannot use it', () => {
  for (const [index, migration] of released.entries()) {
    if (migration.includes(`SET usable_from = ${index + 6}`)) continue
    const statements = migration
      .replaceAll(/--.*$/gm, '')
      .split(';')
      .map((statement) => statement.replaceAll(/\s+/g, ' ').trim())
      .filter((statement) => statement !== '')
    for (const statement of statements) {
      expect(
        ADDS.some((adds) => adds.test(statement)),
        statement,
      ).toBe(true)
    }
  }
})

/** What an instance does to an action in its life, with its job and its log. */
async function live(store: ActionStore, instance: string): Promise<void> {
  const action = newAction({ provider: 'p', job: true, secret: Buffer.from('sealed') })
  const { action_id } = action
  expect(await store.create(action)).toMatchObject({ outcome: 'created' })
  expect(await store.create({ ...action, action_id: newAction().action_id })).toMatchObject({
    outcome: 'repeated',
  })
  const jobs = await store.takeJobs('p', instance, 1)
  expect(jobs).toMatchObject([{ action_id }])
  expect(await store.keepJobs('p', instance, jobs)).toEqual({ lost: [] })
  const hold = { instance, lease: jobs[0]?.lease ?? 0 }
  await store.transition('p', action_id, () => ({ log: [entry(1)] }), hold)
  expect(await store.getSecret('p', action_id)).toBeDefined()
  const log = await store.readLog('p', action_id, { limit: 10, newestFirst: false })
  expect(log?.entries).toEqual([entry(1)])
  const ended = { status: { ...action.status, ...done }, job: 'done', release_at: store.now() - 1 } as const
  expect(await store.transition('p', action_id, () => ended, hold)).toBeDefined()
  await store.count('p')
  expect(await store.sweepReleased(store.now(), 10)).toBe(1)
  expect(await store.get('p', action_id)).toBeUndefined()
}

test('an instance goes on, and starts again, while a newer version adds to the schema', async () => {
  const url = postgres.url
  const before = await openPostgresStore(url)
  await live(before, 'one')
  const client = new Client(url)
  await client.connect()
  const { rows } = await client.query<{ table_name: string }>(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'action_provider'",
  )
  for (const { table_name } of rows) {
    await client.query(`ALTER TABLE action_provider.${table_name} ADD COLUMN newer text NOT NULL DEFAULT 'x'`)
  }
  await client.query('UPDATE action_provider.schema_version SET version = version + 1')
  await client.end()
  await live(before, 'two')
  const again = await openPostgresStore(url)
  await live(again, 'three')
  await live(before, 'four')
  await Promise.all([before.close(), again.close()])
})

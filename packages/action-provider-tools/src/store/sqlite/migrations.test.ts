import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, test } from 'vitest'
import { StoreUnusable } from '../../errors.ts'
import { newAction } from '../../store-contract/actions.ts'
import { migrate } from './migrations.ts'
import { sqliteStore } from './store.ts'

let database: DatabaseSync

beforeEach(() => {
  database = new DatabaseSync(':memory:')
  return () => database.close()
})

const tables = (): unknown[] =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name)
const version = (): unknown => database.prepare('PRAGMA user_version').get()?.user_version

test('brings any version to the newest', () => {
  const [a, b, c] = ['CREATE TABLE a (x)', 'ALTER TABLE a RENAME TO b', 'CREATE TABLE c (x)']
  migrate(database, 'x', [a])
  expect([tables(), version()]).toEqual([['a'], 1])
  migrate(database, 'x', [a, b, c])
  expect([tables(), version()]).toEqual([['b', 'c'], 3])
  migrate(database, 'x', [a, b, c])
  expect([tables(), version()]).toEqual([['b', 'c'], 3])
})

test('leaves a database as it was when a step fails', () => {
  const first = 'CREATE TABLE a (x)'
  migrate(database, 'x', [first])
  expect(() => migrate(database, 'x', [first, 'CREATE TABLE b (x)', 'CREATE TABLE b (x)'])).toThrow('already')
  expect([tables(), version(), database.isTransaction]).toEqual([['a'], 1, false])
})

test('refuses a newer version, and says to upgrade', () => {
  migrate(database, 'x.db', ['CREATE TABLE a (x)', 'CREATE TABLE b (x)'])
  expect(() => migrate(database, 'x.db', ['CREATE TABLE a (x)'])).toThrow(StoreUnusable)
  expect(() => migrate(database, 'x.db', ['CREATE TABLE a (x)'])).toThrow(
    /^The database x.db .*newer.*upgrade/,
  )
  expect(version()).toBe(2)
})

test.each(['CREATE TABLE theirs (x)', 'PRAGMA user_version = 1'])(
  'refuses the database of another program: %s',
  (sql) => {
    database.exec(sql)
    const before = tables()
    expect(() => migrate(database, 'x.db')).toThrow(/another program/)
    expect(tables()).toEqual(before)
  },
)

test('what the first version wrote is carried on', async () => {
  migrate(database, 'x')
  const before = sqliteStore(database)
  const held = newAction({ provider: 'p', job: true })
  const waiting = newAction({ provider: 'p', job: true })
  await before.create(held)
  await before.takeJobs('p', 'before', 1)
  await before.create(waiting)
  // As the first version had it.
  database.exec(`
    DROP INDEX log_written; DROP TABLE steps; DROP TABLE events; ALTER TABLE actions DROP COLUMN events;
    ALTER TABLE actions DROP COLUMN work_version;
    DROP INDEX jobs_by_queue; ALTER TABLE jobs DROP COLUMN key; ALTER TABLE actions DROP COLUMN job_key;
    ALTER TABLE actions DROP COLUMN failures; ALTER TABLE actions DROP COLUMN cancel_requested_by;
    ALTER TABLE actions DROP COLUMN resumed_by; DROP INDEX jobs_by_caller; ALTER TABLE jobs DROP COLUMN caller;
    ALTER TABLE actions DROP COLUMN lease; ALTER TABLE actions DROP COLUMN report; ALTER TABLE jobs DROP COLUMN lease;
    ALTER TABLE jobs RENAME COLUMN holder TO taken_by; ALTER TABLE jobs RENAME COLUMN lease_until TO taken_until;
    UPDATE actions SET runs_on = 'before', attempt = 1 WHERE action_id = x'${held.action_id.replaceAll('-', '')}';
    PRAGMA user_version = 1`)
  migrate(database, 'x')
  const after = sqliteStore(database)
  const jobs = await after.takeJobs('p', 'after', 9)
  expect(jobs.map(({ action_id }) => action_id).sort()).toEqual([held.action_id, waiting.action_id])
  for (const { action_id, lease } of jobs) {
    const hold = { instance: 'after', lease }
    const began = await after.transition(
      'p',
      action_id,
      ({ attempt }) => ({ attempt: attempt + 1, lease }),
      hold,
    )
    expect(began).toMatchObject({ lease: 1, report: 0, attempt: action_id === held.action_id ? 2 : 1 })
  }
})

import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, test } from 'vitest'
import { StoreUnusable } from '../../errors.ts'
import { migrate } from './migrations.ts'

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

import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, test } from 'vitest'
import { ActionProviderError, ServiceUnavailable } from '../../errors.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'

/** What SQLite throws when the disk is full. */
const full = Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 })

let database: DatabaseSync
let group: GroupCommit

beforeEach(() => {
  database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE t (x INTEGER PRIMARY KEY)')
  group = createGroupCommit(database)
  return () => database.close()
})

const insert = (x: number) => (): number =>
  Number(database.prepare('INSERT INTO t VALUES (?)').run(x).changes)
const present = (): unknown[] =>
  database
    .prepare('SELECT x FROM t ORDER BY x')
    .all()
    .map(({ x }) => x)
const fail = (error: Error) => (): never => {
  throw error
}

test('gives each operation its outcome, in order, however many there are', async () => {
  const numbers = Array.from({ length: 600 }, (_, index) => index)
  const seen = numbers.map((x) => group.write(() => insert(x)() && present().length))
  expect(await Promise.all(seen)).toEqual(numbers.map((x) => x + 1))
  expect(database.isTransaction).toBe(false)
})

test('undoes all that an operation did that throws, and nothing else', async () => {
  const outcomes = await Promise.allSettled([
    group.write(insert(1)),
    group.write(() => insert(2)() && fail(new TypeError('wrong'))()),
    group.write(insert(1)),
    group.write(insert(3)),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: expect.any(ActionProviderError) })
  expect(outcomes[2]).toMatchObject({ reason: expect.any(ActionProviderError) })
  expect(present()).toEqual([1, 3])
})

test('undoes all of a moment when the database fails, and goes on after it', async () => {
  const outcomes = await Promise.allSettled([
    group.write(insert(1)),
    group.write(fail(full)),
    group.write(insert(3)),
  ])
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(ServiceUnavailable) })
  expect(present()).toEqual([])
  await group.write(insert(4))
  expect(present()).toEqual([4])
})

test('writes what waits when it is flushed', () => {
  void group.write(insert(1))
  expect(present()).toEqual([])
  group.flush()
  expect(present()).toEqual([1])
})

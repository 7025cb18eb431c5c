import { DatabaseError } from 'pg'
import { expect, test } from 'vitest'
import { ActionConflict, ActionProviderError, ServiceUnavailable } from '../../errors.ts'
import { storeError } from './failures.ts'

function databaseError(code: string): DatabaseError {
  return Object.assign(new DatabaseError('it failed', 9, 'error'), { code })
}

test.each([
  ['08006', 'the connection failed'],
  ['25006', 'read-only'],
  ['28P01', 'the password was changed'],
  ['3D000', 'the database is gone'],
  ['40P01', 'deadlock'],
  ['53100', 'disk full'],
  ['53300', 'too many connections'],
  ['55P03', 'a lock that does not come'],
  ['57014', 'a statement that takes too long'],
  ['57P01', 'shut down by an administrator'],
  ['57P03', 'starting up'],
  ['58030', 'input or output failed'],
])('%s (%s) asks the caller to come again', (code) => {
  const error = storeError(databaseError(code))
  expect(error).toBeInstanceOf(ServiceUnavailable)
  expect(error.headers).toHaveProperty('retry-after')
})

test.each(['23505', '42P01', '22P02', 'XX000'])('%s is a fault of our own', (code) => {
  expect(storeError(databaseError(code))).toBeInstanceOf(ActionProviderError)
})

test('a programming error is no outage', () => {
  expect(storeError(new TypeError('x is not a function'))).toBeInstanceOf(ActionProviderError)
})

test('what is an answer already stays what it is', () => {
  const conflict = new ActionConflict('no')
  expect(storeError(conflict)).toBe(conflict)
})

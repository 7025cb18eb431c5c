import { expect, test } from 'vitest'
import { statement } from './statement.ts'

const LOG = statement(
  'log',
  { provider: 'text', entries: { action_id: 'uuid', entry: 'text' }, limit: 'integer' },
  ({ provider, entries, limit }) =>
    `SELECT entry, ${provider} FROM ${entries.rows} WHERE action_id = ANY(${entries.action_id}) LIMIT ${limit}`,
)

test('parameters have numbers in their order, and each table is one call of unnest', () => {
  expect(LOG.name).toBe('log')
  expect(LOG.text).toBe(
    'SELECT entry, $1::text FROM unnest($2::uuid[], $3::text[]) AS entries(action_id, entry) WHERE action_id = ANY($2::uuid[]) LIMIT $4::integer',
  )
})

test('values follow the numbers, whatever the order in which they are given', () => {
  const entries = [
    { entry: 'a', action_id: '1' },
    { action_id: '2', entry: undefined },
  ]
  expect(LOG.values({ limit: 9, entries, provider: 'p' })).toEqual(['p', ['1', '2'], ['a', undefined], 9])
  expect(LOG.values({ limit: 9, entries: [], provider: null })).toEqual([null, [], [], 9])
})

import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { openTarget } from './importing.ts'
import { openDatabase } from './opening.ts'
import { sqliteStore } from './store.ts'

/**
 * What SQLite may look through from end to end: what an index has narrowed down to few rows, and the few rows
 * a provider has in `counts`.
 */
const NARROW = /^SCAN (CONSTANT ROW|counts$|\(subquery-1\)|jobs USING INDEX jobs_taken)/

test('no statement looks at more rows than it needs, however many actions there are', async () => {
  const database = openDatabase(':memory:')
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
  const store = sqliteStore(database)
  const statements = prepare.mock.calls
    .map(([sql]) => sql)
    .filter((sql) => /^(SELECT|UPDATE|DELETE)/.test(sql))
  prepare.mockRestore()
  expect(statements.length).toBeGreaterThan(20)
  for (const sql of statements) {
    const plan = database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail))
    const costly = plan.filter((step) => /^SCAN|TEMP B-TREE/.test(step) && !NARROW.test(step))
    expect(costly, sql).toEqual([])
  }
  await store.close()
})

test('an import sorts nothing: what SQLite sorts it keeps in memory', async () => {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare')
  const target = openTarget(':memory:')
  await target.begin({ export_id: 'x', lines: 0, sha256: '', complete: false })
  await target.totals()
  const statements = prepare.mock.calls.map(([sql]) => sql)
  prepare.mockRestore()
  await target.close()
  const database = openDatabase(':memory:')
  const counting = statements.filter((sql) => sql.includes('count(*)') || sql.includes('counts'))
  expect(counting.length).toBeGreaterThan(5)
  for (const sql of counting) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
    expect(plan.map(({ detail }) => detail).join('\n'), sql).not.toContain('TEMP B-TREE')
  }
  database.close()
})

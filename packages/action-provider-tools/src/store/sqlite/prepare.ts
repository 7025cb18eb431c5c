import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

/** A prepared statement. Its rows are arrays, which are made in half the time of objects. */
export type Statement<Row> = {
  get: (...values: SQLInputValue[]) => Row | undefined
  all: (...values: SQLInputValue[]) => Row[]
  run: (...values: SQLInputValue[]) => { changes: number | bigint; lastInsertRowid: number | bigint }
}

/** Prepares a statement once, for all its uses. */
export function prepare<Row extends readonly unknown[]>(database: DatabaseSync, sql: string): Statement<Row> {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  return statement as unknown as Statement<Row>
}

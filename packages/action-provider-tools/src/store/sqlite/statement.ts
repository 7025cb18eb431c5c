import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

/** A prepared statement. Its rows are arrays, which SQLite makes twice as fast as objects. */
export type Statement<Row> = {
  get: (...values: SQLInputValue[]) => Row | undefined
  all: (...values: SQLInputValue[]) => Row[]
  run: (...values: SQLInputValue[]) => { changes: number | bigint; lastInsertRowid: number | bigint }
}

/** A value for each column; `undefined` is written as NULL. */
export type Values<Column extends string> = { [Name in Column]: SQLInputValue | undefined }

/** Prepares a statement whose rows are arrays. */
export function prepare<Row extends readonly unknown[]>(database: DatabaseSync, sql: string): Statement<Row> {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  return statement as unknown as Statement<Row>
}

/**
 * Prepares an INSERT with named columns. The returned function gives the number of the new row.
 * @example insertInto(database, 'requests', ['number', 'request'])({ number: 1, request: '{}' })
 */
export function insertInto<Column extends string>(
  database: DatabaseSync,
  table: string,
  columns: readonly Column[],
): (values: Values<Column>) => number {
  const placeholders = columns.map(() => '?').join(', ')
  const insert = prepare(database, `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${placeholders})`)
  return (values) => Number(insert.run(...columns.map((name) => values[name] ?? null)).lastInsertRowid)
}

/**
 * Prepares an UPDATE with named columns. The returned function gives the number of changed rows.
 * @param condition the WHERE clause, with a `?` for each further value
 */
export function update<Column extends string>(
  database: DatabaseSync,
  table: string,
  columns: readonly Column[],
  condition: string,
): (values: Values<Column>, ...conditions: SQLInputValue[]) => number {
  const assignments = columns.map((name) => `${name} = ?`).join(', ')
  const change = prepare(database, `UPDATE ${table} SET ${assignments} WHERE ${condition}`)
  return (values, ...conditions) =>
    Number(change.run(...columns.map((name) => values[name] ?? null), ...conditions).changes)
}

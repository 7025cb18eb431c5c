/** A statement that each connection prepares once, by its name. */
export type Statement = { name: string; text: string }

/** The PostgreSQL types of parameters. */
type Type = 'bigint' | 'bytea' | 'float8' | 'integer' | 'smallint' | 'text' | 'uuid'

/** The named columns of rows that are passed to a statement. */
type Columns = Readonly<Record<string, Type>>

/** The parameters of a statement: single values, and tables of any number of rows. */
type Parameters = Readonly<Record<string, Type | Columns>>

/**
 * Parameters as the text of a statement uses them: a value as `$1::text`; a table as a call of `unnest` with
 * an alias (`rows`), and each of its columns as an array (`$2::uuid[]`).
 */
export type Written<P extends Parameters> = {
  [Name in keyof P]: P[Name] extends Type ? string : { rows: string } & { [Column in keyof P[Name]]: string }
}

/** The values of a statement's parameters. */
type Given<P extends Parameters> = {
  [Name in keyof P]: P[Name] extends Type ? unknown : readonly { [Column in keyof P[Name]]: unknown }[]
}

/** A statement whose parameters have names. */
type NamedStatement<P extends Parameters> = Statement & {
  /** The values of the parameters, in the order of their numbers. */
  values: (given: Given<P>) => unknown[]
}

/**
 * Makes a statement with named parameters, and numbers them in their order.
 *
 * @param write gives the text; called once
 * @example
 * const LOG = statement(
 *   'log',
 *   { entries: { action_id: 'uuid', entry: 'text' } },
 *   ({ entries }) => `INSERT INTO log (action_id, entry) SELECT * FROM ${entries.rows}`,
 * )
 * await query(LOG, LOG.values({ entries: [{ action_id, entry }] }))
 */
export function statement<const P extends Parameters>(
  name: string,
  parameters: P,
  write: (parameters: Written<P>) => string,
): NamedStatement<P> {
  let count = 0
  const next = (type: string): string => `$${++count}::${type}`
  const written = Object.entries(parameters).map(([name, parameter]) => {
    if (typeof parameter === 'string') return [name, next(parameter)]
    const arrays = Object.entries(parameter).map(([column, type]) => [column, next(`${type}[]`)])
    const list = arrays.map(([, array]) => array).join(', ')
    const rows = `unnest(${list}) AS ${name}(${Object.keys(parameter).join(', ')})`
    return [name, { rows, ...Object.fromEntries(arrays) }]
  })
  return {
    name,
    text: write(Object.fromEntries(written) as Written<P>),
    values: (given) =>
      Object.entries(parameters).flatMap(([name, parameter]) => {
        const value = given[name]
        if (typeof parameter === 'string') return [value]
        const rows = value as readonly Record<string, unknown>[]
        return Object.keys(parameter).map((column) => rows.map((row) => row[column]))
      }),
  }
}

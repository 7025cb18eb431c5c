import { Client } from 'pg'
import type { Statement } from './order.ts'

/** What is said to PostgreSQL, by whoever says it, while something is done. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const said: Statement[] = []
  const { query } = Client.prototype
  Client.prototype.query = function (this: Client, statement: Statement, ...rest: unknown[]): unknown {
    said.push(statement)
    return Reflect.apply(query, this, [statement, ...rest])
  } as typeof query
  try {
    await work()
  } finally {
    Client.prototype.query = query
  }
  return said
}

import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import type { Load, Script, Statement } from './order.ts'

/** As many transactions as a database server takes, as pgbench would make them: nothing between the client and the statements. */
export async function transact({ database, statements, fresh, connections, seconds }: Script): Promise<Load> {
  const clients = await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = new Client(database)
      await client.connect()
      return client
    }),
  )
  const begin = performance.now()
  const end = begin + seconds * 1_000
  let requests = 0
  const latencies: number[] = []
  await Promise.all(
    clients.map(async (client) => {
      for (let now = performance.now(); now < end; now = performance.now()) {
        const ids = new Map(fresh.map((value) => [value, randomUUID()]))
        for (const statement of statements) await client.query(refreshed(statement, ids))
        latencies.push(performance.now() - now)
        requests++
      }
    }),
  )
  const took = (performance.now() - begin) / 1_000
  await Promise.all(clients.map((client) => client.end()))
  latencies.sort((a, b) => a - b)
  const quantile = (q: number): number => latencies[Math.floor(latencies.length * q)] ?? Number.NaN
  return { requests, rate: requests / took, p50: quantile(0.5), p99: quantile(0.99), failures: 0 }
}

function refreshed(
  statement: Statement,
  ids: ReadonlyMap<string, string>,
): { text: string; values?: unknown[] } {
  if (typeof statement === 'string') return { text: statement }
  const { values, ...rest } = statement
  if (values === undefined) return rest
  return { ...rest, values: values.map((value) => renewed(value, ids)) }
}

function renewed(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => renewed(one, ids))
  return typeof value === 'string' ? (ids.get(value) ?? value) : value
}

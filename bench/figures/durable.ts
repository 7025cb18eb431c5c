import { startPostgres } from '../../packages/action-provider-tools/test/postgres.ts'
import { type Bench, CONNECTIONS, type Group, startProvider } from '../bench.ts'
import { type Dbos, startDbos } from '../dbos.ts'
import { type Figure, type Pair, summary } from '../figure.ts'
import type { Server } from '../process.ts'
import { complete } from './asynchronous.ts'

/**
 * Durable work beside DBOS Transact, whose workflows are called inside their process, where our actions arrive over HTTP with
 * a caller to find out about, a schema to check, and a log of two entries each. Both are on one PostgreSQL server, which waits
 * for the disk, and take turns.
 */
export const durable: Group = {
  name: 'durable',
  async measure(bench) {
    const postgres = await startPostgres({ fsync: 'on' })
    bench.opened.defer(postgres.close)
    const dbos = await startDbos(await postgres.createDatabase('dbos'))
    bench.opened.defer(dbos.close)
    const onPostgres = await startProvider(bench, 'hello-world', { DATABASE_URL: postgres.url })
    const onSqlite = await startProvider(bench, 'hello-world')
    return [
      await workflows(bench, 'PostgreSQL', onPostgres, dbos, 3),
      await workflows(bench, 'SQLite', onSqlite, dbos, 10),
    ]
  },
}

/** Actions and workflows a second, each begun and ended by as many callers at once. */
async function workflows(
  bench: Bench,
  database: string,
  server: Server,
  dbos: Dbos,
  least: number,
): Promise<Figure> {
  const rounds: { actions: number; workflows: number; cpu: number; cpuOfDbos: number }[] = []
  for (let round = 0; round <= bench.rounds * 2; round++) {
    const before = await server.usage('cpu')
    const { completed, requests } = await complete(bench, [server])
    const { cpu } = await server.usage('cpu')
    const other = await dbos.run({ callers: CONNECTIONS, seconds: bench.seconds, steps: 0 })
    if (round === 0) continue
    const spent = ((cpu - before.cpu) * 1e6) / requests
    rounds.push({ actions: completed, workflows: other.rate, cpu: spent, cpuOfDbos: other.cpu })
  }
  const pairs: Pair[] = rounds.map(({ actions, workflows }) => ({ measured: actions, limit: workflows }))
  const { measured, limit, ratio } = summary(pairs)
  const cpu = summary(rounds.map(({ cpu, cpuOfDbos }) => ({ measured: cpu, limit: cpuOfDbos })))
  return {
    name: `actions completed, ${database}`,
    unit: '/s',
    measured,
    limit: { name: 'workflows of DBOS', value: limit },
    ratio,
    must: { least },
    note: `processor time of each: ${cpu.measured.toFixed(0)} µs; of a workflow ${cpu.limit.toFixed(0)} µs`,
    detail: rounds,
  }
}

import { startPostgres } from '../../packages/action-provider-tools/test/postgres.ts'
import { type Bench, CONNECTIONS, type Example, type Group, startProvider } from '../bench.ts'
import { type Dbos, startDbos } from '../dbos.ts'
import { type Figure, type Pair, summary } from '../figure.ts'
import type { Server } from '../process.ts'
import { complete } from './asynchronous.ts'

/**
 * Durable work beside DBOS Transact, whose workflows are called inside their process, where our actions arrive over HTTP with
 * a caller to find out about, a schema to check, and a log. Both are on one PostgreSQL server, which waits
 * for the disk, and take turns.
 */
export const durable: Group = {
  name: 'durable',
  async measure(bench) {
    const postgres = await startPostgres({ fsync: 'on' })
    bench.opened.defer(postgres.close)
    const dbos = await startDbos(await postgres.createDatabase('dbos'))
    bench.opened.defer(dbos.close)
    const onPostgres = { DATABASE_URL: postgres.url }
    const greets = { input: { sleep_time: 0 }, steps: 0 }
    const counts = { input: { steps: STEPS }, steps: STEPS }
    const compare = async (
      example: Example,
      work: Work,
      database: string,
      least: number,
    ): Promise<Figure> => {
      const server = await startProvider(bench, example, database === 'SQLite' ? {} : onPostgres)
      return compareWork(bench, server, dbos, { ...work, database, least })
    }
    return [
      await compare('hello-world', greets, 'PostgreSQL', 3),
      await compare('hello-world', greets, 'SQLite', 10),
      await compare('steps', counts, 'PostgreSQL', 3),
      await compare('steps', counts, 'SQLite', 10),
    ]
  },
}

/**
 * How long a round is, in seconds: what is in hand when it is over still has to end, which must not weigh. Before the first, both
 * are under load until what runs often is compiled.
 */
const ROUND = 2
const WARM_UP = 10

/** How many steps an action or workflow has that is nothing but steps. */
const STEPS = 10

/** What an action is asked to do, and of how many steps the workflow beside it is. */
type Work = { input: unknown; steps: number }

/** Actions, or their steps, and those of workflows a second, each begun and ended by as many callers at once. */
async function compareWork(
  bench: Bench,
  server: Server,
  dbos: Dbos,
  { input, steps, database, least }: Work & { database: string; least: number },
): Promise<Figure> {
  const parts = Math.max(1, steps)
  const rounds: { actions: number; workflows: number; cpu: number; cpuOfDbos: number }[] = []
  for (let round = 0; round <= bench.rounds; round++) {
    const seconds = round === 0 ? WARM_UP : ROUND
    const before = await server.usage('cpu')
    const { completed, requests } = await complete({ ...bench, seconds }, [server], input)
    const { cpu } = await server.usage('cpu')
    const other = await dbos.run({ callers: CONNECTIONS, seconds, steps })
    if (round === 0) continue
    const spent = ((cpu - before.cpu) * 1e6) / requests / parts
    rounds.push({
      actions: completed * parts,
      workflows: other.rate * parts,
      cpu: spent,
      cpuOfDbos: other.cpu / parts,
    })
  }
  const pairs: Pair[] = rounds.map(({ actions, workflows }) => ({ measured: actions, limit: workflows }))
  const { measured, limit, ratio } = summary(pairs)
  const cpu = summary(rounds.map(({ cpu, cpuOfDbos }) => ({ measured: cpu, limit: cpuOfDbos })))
  return {
    name: `${steps > 0 ? 'steps' : 'actions'} completed, ${database}`,
    unit: '/s',
    measured,
    limit: { name: steps > 0 ? 'steps of DBOS' : 'workflows of DBOS', value: limit },
    ratio,
    must: { least },
    note: `processor time of each: ${cpu.measured.toFixed(0)} µs; of DBOS's ${cpu.limit.toFixed(0)} µs`,
    detail: rounds,
  }
}

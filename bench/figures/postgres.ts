import { availableParallelism } from 'node:os'
import { openStore } from 'action-provider-tools'
import { startPostgres } from '../../packages/action-provider-tools/test/postgres.ts'
import {
  type Bench,
  type Contestant,
  contest,
  type DatabaseContestant,
  type Group,
  pairs,
  startProvider,
} from '../bench.ts'
import type { Figure } from '../figure.ts'
import { fill, newAction } from '../fill.ts'
import type { Server } from '../process.ts'
import { statementsOf } from '../statements.ts'
import { summary } from '../statistics.ts'
import { carriedFigure } from './asynchronous.ts'
import { runOf } from './run.ts'
import { statusOf } from './status.ts'

/** The cores that two instances, their database and the load need so as not to wait for each other. */
const CORES_FOR_TWO = 6

/** The same on PostgreSQL, beside what its server takes of the same statements with nothing around them. */
export const postgres: Group = {
  name: 'postgres',
  async measure(bench) {
    const server = await startPostgres()
    bench.opened.defer(server.close)
    const environment = { DATABASE_URL: server.url }
    const alone = await alonePerformance(bench, await server.createDatabase('alone'))
    const start = (bench: Bench): Promise<Server> => startProvider(bench, 'watchasay', environment)
    const figures = [
      await shareFigure(bench, 'status, PostgreSQL', async (bench) => ({
        provider: (await statusOf(bench, await start(bench))).contestant,
        alone: alone.status,
      })),
      await shareFigure(bench, 'run, PostgreSQL', async (bench) => ({
        provider: await runOf(bench, await start(bench)),
        alone: alone.run,
      })),
    ]
    return [...figures, ...(await instancesFigures(bench, environment))]
  },
}

/** The statements of a status and of a run, as the store says them. */
async function alonePerformance(
  bench: Bench,
  database: string,
): Promise<{ status: DatabaseContestant; run: DatabaseContestant }> {
  const store = await openStore(database)
  const { sample } = await fill(store, 'bench', bench.globus.caller, 1_000)
  const [id = ''] = sample
  const status = await statementsOf(async () => store.get('bench', id))
  const action = newAction('bench', bench.globus.caller, Date.now())
  const run = await statementsOf(() => store.create(action))
  await store.close()
  const key = Buffer.from(action.request_key).toString('hex')
  const dashed = key.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return {
    status: { database, statements: status, fresh: [] },
    run: { database, statements: run, fresh: [action.action_id, dashed] },
  }
}

async function shareFigure(
  bench: Bench,
  name: string,
  start: (bench: Bench) => Promise<{ provider: Contestant; alone: DatabaseContestant }>,
): Promise<Figure> {
  const results = await contest(bench, start)
  const { measured, limit, ratio } = summary(pairs(results.provider, results.alone, ({ rate }) => rate))
  return {
    name,
    unit: 'req/s',
    measured,
    limit: { name: 'its statements alone', value: limit },
    ratio,
    detail: results,
  }
}

async function instancesFigures(bench: Bench, environment: Record<string, string>): Promise<Figure[]> {
  const first = await startProvider(bench, 'hello-world', environment)
  const one = await carriedFigure(bench, 'PostgreSQL', [first])
  const second = await startProvider(bench, 'hello-world', environment)
  const two = await carriedFigure(bench, 'PostgreSQL, two instances', [first, second])
  const cores = availableParallelism()
  return [
    one,
    {
      ...two,
      limit: { name: 'one instance', value: one.measured },
      ratio: two.measured / one.measured,
      ...(cores >= CORES_FOR_TWO && { must: { least: 1.5 } }),
      note: `${two.note}; ${cores} cores for both, the database and the load`,
    },
  ]
}

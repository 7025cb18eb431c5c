import { availableParallelism } from 'node:os'
import { startPostgres } from '../../packages/action-provider-tools/test/postgres.ts'
import { type Bench, type Contestant, contest, type Group, startProvider } from '../bench.ts'
import { type Figure, median } from '../figure.ts'
import type { Server } from '../process.ts'
import { completedFigure } from './asynchronous.ts'
import { runOf } from './run.ts'
import { statusOf } from './status.ts'

/** The cores that two instances, their database and the load need so as not to wait for each other. */
const CORES_FOR_TWO = 6

/** The same on PostgreSQL. */
export const postgres: Group = {
  name: 'postgres',
  async measure(bench) {
    const server = await startPostgres()
    bench.opened.defer(server.close)
    const environment = { DATABASE_URL: server.url }
    const start = (bench: Bench): Promise<Server> => startProvider(bench, 'watchasay', environment)
    return [
      await statedFigure(
        bench,
        'status, PostgreSQL',
        async (bench) => (await statusOf(bench, await start(bench))).contestant,
      ),
      await statedFigure(bench, 'run, PostgreSQL', async (bench) => runOf(bench, await start(bench))),
      ...(await instancesFigures(bench, environment)),
    ]
  },
}

async function statedFigure(
  bench: Bench,
  name: string,
  start: (bench: Bench) => Promise<Contestant>,
): Promise<Figure> {
  const { provider } = await contest(bench, async (bench) => ({ provider: await start(bench) }))
  return {
    name,
    unit: 'req/s',
    measured: median(provider.loads.map(({ rate }) => rate)),
    note: `processor time an answer: ${median(provider.cpu).toFixed(0)} µs`,
    detail: provider,
  }
}

async function instancesFigures(bench: Bench, environment: Record<string, string>): Promise<Figure[]> {
  const first = await startProvider(bench, 'hello-world', environment)
  const one = await completedFigure(bench, 'PostgreSQL', [first])
  const second = await startProvider(bench, 'hello-world', environment)
  const two = await completedFigure(bench, 'PostgreSQL, two instances', [first, second])
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

import { type ActionStore, openStore } from 'action-provider-tools'
import {
  type Bench,
  type Contestant,
  contest,
  type Group,
  newDatabase,
  pairs,
  startProvider,
} from '../bench.ts'
import { type Figure, median, summary } from '../figure.ts'
import { type Filled, fill } from '../fill.ts'
import type { Call } from '../order.ts'
import type { Server } from '../process.ts'
import { written } from '../table.ts'
import { runOf } from './run.ts'

/** The namespace of the provider whose actions they are. */
const PROVIDER = 'skeleton_action_provider'

/** How many one sweep releases, as the worker asks for them. */
const SWEEP = 500

type Size = { count: number; url: string; filled: Filled }

/** What the same costs with few and with many actions in the store. */
export const growth: Group = {
  name: 'growth',
  async measure(bench) {
    const sizes: Size[] = []
    for (const count of bench.quick ? [1_000, 100_000] : [1_000, 100_000, 2_000_000]) {
      sizes.push(await filled(bench, count))
    }
    const servers: Server[] = []
    for (const { url } of sizes) servers.push(await startProvider(bench, 'watchasay', { DATABASE_URL: url }))
    const figures: Figure[] = []
    for (const [name, calls] of await questions(bench, sizes)) {
      figures.push(await costFigure(bench, name, sizes, servers, calls))
    }
    figures.push(await memoryFigure(sizes, servers))
    for (const server of servers) await server.close()
    figures.push(await sweepFigure(sizes))
    return figures
  },
}

async function filled(bench: Bench, count: number): Promise<Size> {
  const url = newDatabase(bench)
  const store = await openStore(url)
  const begin = performance.now()
  const filled = await fill(store, PROVIDER, bench.globus.caller, count)
  await store.close()
  const took = (performance.now() - begin) / 1_000
  process.stderr.write(`  ${count} actions stored in ${took.toFixed(1)} s\n`)
  return { count, url, filled }
}

/** What is asked for at each size. Runs come last, as they add actions. */
async function questions(bench: Bench, sizes: readonly Size[]): Promise<[string, Call[][]][]> {
  const token = await bench.globus.token()
  const get = (path: string): Call => ({ method: 'GET', path: `/skeleton${path}`, token })
  const status = (id: string): Call => get(`/${id}/status`)
  const [run] = (await runOf(bench, { url: 'http://127.0.0.1/skeleton' } as Server)).calls
  return [
    [
      'status of a thousand, again and again',
      sizes.map(({ filled }) => some(filled.sample, 1_000).map(status)),
    ],
    ['status of one after the other', sizes.map(({ filled }) => filled.sample.map(status))],
    ['enumerate, first page', sizes.map(() => [get('/actions?status=succeeded')])],
    ['run', sizes.map(() => (run ? [run] : []))],
  ]
}

/** Some of many, from all over them. */
function some<T>(all: readonly T[], count: number): T[] {
  const every = Math.max(1, Math.floor(all.length / count))
  return all.filter((_, index) => index % every === 0)
}

async function costFigure(
  bench: Bench,
  name: string,
  sizes: readonly Size[],
  servers: readonly Server[],
  calls: readonly Call[][],
): Promise<Figure> {
  const contestants = Object.fromEntries(
    sizes.map(({ count }, index) => {
      const server = servers[index]
      return [
        count,
        { servers: server ? [server] : [], calls: calls[index] ?? [], seconds: bench.seconds / 2 },
      ]
    }),
  ) as Record<string, Contestant>
  // Filling takes long, so they are started once.
  const results = await contest({ ...bench, starts: 1, rounds: 3 * bench.rounds }, async () => contestants)
  const [first, ...others] = sizes.map(({ count }) => results[count])
  const last = others.at(-1)
  if (first === undefined || last === undefined) throw new Error('Growth needs two sizes')
  const { measured, limit, ratio } = summary(pairs(last, first, ({ rate }) => 1e6 / rate))
  return {
    name: `${name}, with ${written(sizes.at(-1)?.count ?? 0)} actions`,
    unit: 'µs',
    measured,
    limit: { name: 'with 1,000', value: limit },
    ratio,
    must: { most: 1.5 },
    note: sizes.map(({ count }) => `${count}: ${written(rateOf(results, count))} req/s`).join('; '),
    detail: results,
  }
}

function rateOf(results: Awaited<ReturnType<typeof contest>>, count: number): number {
  return median((results[count]?.loads ?? []).map(({ rate }) => rate))
}

async function memoryFigure(sizes: readonly Size[], servers: readonly Server[]): Promise<Figure> {
  const usages = await Promise.all(servers.map((server) => server.usage('memory')))
  const [few, many] = [usages[0], usages.at(-1)]
  if (few === undefined || many === undefined) throw new Error('Growth needs two sizes')
  return {
    name: `memory, after all this, with ${written(sizes.at(-1)?.count ?? 0)} actions`,
    unit: 'MB',
    measured: many.rss,
    limit: { name: 'with 1,000', value: few.rss },
    ratio: many.rss / few.rss,
    must: { most: 1.5 },
    note: `alive after a collection: ${written(many.alive)} MB against ${written(few.alive)} MB`,
    detail: usages,
  }
}

/** How long it takes to release what is due, in batches as the worker's. */
async function sweepFigure(sizes: readonly Size[]): Promise<Figure> {
  const costs: Record<number, number[]> = {}
  for (const { count, url, filled } of sizes) {
    const store = await openStore(url)
    costs[count] = await sweeps(store, filled, count)
    await store.close()
  }
  const cost = (count: number | undefined): number => median(costs[count ?? 0] ?? [])
  const [few, many] = [cost(sizes[0]?.count), cost(sizes.at(-1)?.count)]
  return {
    name: `release sweep, with ${written(sizes.at(-1)?.count ?? 0)} actions`,
    unit: 'µs',
    measured: many,
    limit: { name: 'with 1,000', value: few },
    ratio: many / few,
    must: { most: 1.5 },
    note: `for each of ${SWEEP} actions a sweep; ${sizes.map(({ count }) => `${count}: ${written(cost(count))} µs`).join('; ')}`,
    detail: costs,
  }
}

async function sweeps(store: ActionStore, { due }: Filled, count: number): Promise<number[]> {
  const costs: number[] = []
  const size = Math.min(SWEEP, count / 2)
  for (let batch = 1; batch <= Math.min(10, count / size - 1); batch++) {
    const begin = performance.now()
    const swept = await store.sweepReleased(due.first + batch * size - 1, size)
    if (swept === 0) throw new Error('Nothing was swept')
    costs.push(((performance.now() - begin) * 1_000) / swept)
  }
  return costs
}

import { type Bench, type Group, startBare, startProvider } from '../bench.ts'
import type { Server } from '../process.ts'
import { median, summary } from '../statistics.ts'

/** From the beginning of the process to the first answer. */
export const start: Group = {
  name: 'start',
  async measure(bench) {
    const rounds = []
    for (let round = 0; round < bench.rounds + 2; round++) {
      rounds.push({
        measured: await startedIn(startProvider(bench, 'watchasay')),
        limit: await startedIn(startBare(bench, [])),
      })
    }
    const { measured, limit } = summary(rounds)
    return [
      {
        name: 'start to ready',
        unit: 'ms',
        measured,
        limit: { name: 'bare Fastify', value: limit },
        must: { most: 500 },
        note: bench.built ? 'built code' : 'from the sources, whose types are stripped while they load',
        detail: rounds,
      },
      await idleMemory(bench),
    ]
  },
}

async function startedIn(starting: Promise<Server>): Promise<number> {
  const server = await starting
  await server.close()
  return server.startedIn
}

async function idleMemory(bench: Bench): Promise<import('../figure.ts').Figure> {
  const servers = [await startProvider(bench, 'watchasay'), await startProvider(bench, 'hello-world')]
  const bare = await startBare(bench, [])
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const measured = await Promise.all(servers.map((server) => server.usage('cpu')))
  const limit = await bare.usage('cpu')
  return {
    name: 'memory, idle',
    unit: 'MB',
    measured: median(measured.map(({ rss }) => rss)),
    limit: { name: 'bare Fastify', value: limit.rss },
    must: { most: 120 },
    detail: { measured, limit },
  }
}

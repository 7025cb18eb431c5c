import { type Bench, type Group, startProvider, startYardstick } from '../bench.ts'
import { type Figure, median, summary } from '../figure.ts'
import type { Server } from '../process.ts'

/** From the beginning of the process to the first answer. */
export const start: Group = {
  name: 'start',
  async measure(bench) {
    const rounds = []
    for (let round = 0; round < bench.rounds + 2; round++) {
      const measured = await started(startProvider(bench, 'watchasay'))
      const limit = await started(startYardstick(bench))
      rounds.push({ measured: measured.ms, limit: limit.ms, cpu: measured.cpu })
    }
    const { measured, limit } = summary(rounds)
    return [
      {
        name: 'start to ready',
        unit: 'ms',
        measured,
        limit: { name: 'bare Fastify', value: limit },
        must: { most: 500 },
        note: `processor time ${(median(rounds.map(({ cpu }) => cpu)) * 1_000).toFixed(0)} ms`,
        detail: rounds,
      },
      await idleMemory(bench),
    ]
  },
}

async function started(starting: Promise<Server>): Promise<{ ms: number; cpu: number }> {
  const server = await starting
  const { cpu } = await server.usage('cpu')
  await server.close()
  return { ms: server.startedIn, cpu }
}

async function idleMemory(bench: Bench): Promise<Figure> {
  const servers = [await startProvider(bench, 'watchasay'), await startProvider(bench, 'hello-world')]
  const yardstick = await startYardstick(bench)
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const measured = await Promise.all(servers.map((server) => server.usage('cpu')))
  const limit = await yardstick.usage('cpu')
  return {
    name: 'memory, idle',
    unit: 'MB',
    measured: Math.max(...measured.map(({ rss }) => rss)),
    limit: { name: 'bare Fastify', value: limit.rss },
    must: { most: 120 },
    detail: { measured, limit },
  }
}

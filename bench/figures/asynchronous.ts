import { setTimeout as sleep } from 'node:timers/promises'
import { ask, type Bench, CONNECTIONS, type Group, startProvider } from '../bench.ts'
import { type Figure, median } from '../figure.ts'
import type { Server } from '../process.ts'
import { written } from '../table.ts'
import { runOf } from './run.ts'

/** Actions that go on after their request: recorded with a job, taken, run, recorded again. */
export const asynchronous: Group = {
  name: 'asynchronous',
  async measure(bench) {
    return [await completedFigure(bench, 'SQLite', [await startProvider(bench, 'hello-world')])]
  },
}

/** Starts as many actions as will go, and waits until all of them have ended. */
export async function completedFigure(
  bench: Bench,
  name: string,
  servers: readonly Server[],
): Promise<Figure> {
  const rounds: { started: number; completed: number }[] = []
  for (let round = 0; round <= bench.rounds; round++) {
    const one = await complete(bench, servers)
    if (round > 0) rounds.push(one)
  }
  return {
    name: `asynchronous actions completed, ${name}`,
    unit: '/s',
    measured: median(rounds.map(({ completed }) => completed)),
    note: `started ${written(median(rounds.map(({ started }) => started)))} /s meanwhile`,
    detail: rounds,
  }
}

/** Starts actions for the time of a round, and says how many were started and completed a second. */
export async function complete(
  bench: Bench,
  servers: readonly Server[],
  input: unknown = { sleep_time: 0 },
): Promise<{ requests: number; started: number; completed: number }> {
  const [server] = servers
  if (server === undefined) throw new Error('There is no server')
  const asked = await runOf(bench, server, input)
  // They are to be started as fast as can be, whenever they end.
  const calls = asked.calls.map((call) => ({ ...call, prefer: 'respond-async' }))
  const token = calls[0]?.token ?? ''
  const begin = performance.now()
  const { requests, failures, rate } = await bench.load.make({
    servers: servers.map(({ origin }) => origin),
    calls,
    connections: CONNECTIONS,
    seconds: bench.seconds,
  })
  if (failures > 0) throw new Error(`${failures} of ${requests} actions were not started`)
  while ((await ask(server, token, 'GET', '/actions?status=active,inactive&limit=1')).text !== '[]') {
    await sleep(10)
  }
  const took = (performance.now() - begin) / 1_000
  return { requests, started: rate, completed: requests / took }
}

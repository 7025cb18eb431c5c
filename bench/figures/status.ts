import {
  type Answer,
  ask,
  type Bench,
  type Contestant,
  constantOf,
  type Group,
  startProvider,
  startYardstick,
} from '../bench.ts'
import type { Server } from '../process.ts'
import { latencyFigure, rateFigure, type StartBoth } from './paired.ts'

/** Status of a complete action, asked by a caller who is known. */
export const status: Group = {
  name: 'status',
  async measure(bench) {
    const rate = await rateFigure(
      bench,
      { name: 'status, known caller, SQLite', must: { least: 0.75 } },
      startBoth('warn'),
    )
    return [
      rate,
      await rateFigure(bench, { name: 'status with its log of each request' }, startBoth('info')),
      await latencyFigure(bench, 'status, p99 at 70 % of peak', rate, startBoth('warn')),
    ]
  },
}

function startBoth(level: string): StartBoth {
  return async (bench) => {
    const provider = await statusOf(bench, await startProvider(bench, 'watchasay', { LOG_LEVEL: level }))
    return { provider: provider.contestant, yardstick: await yardstickFor(bench, provider.answer) }
  }
}

/** A provider that is asked for the status of one action, and what it answers. */
export async function statusOf(
  bench: Bench,
  server: Server,
): Promise<{ contestant: Contestant; answer: Answer }> {
  const token = await bench.globus.token()
  const run = await ask(server, token, 'POST', '/run', { request_id: 'one', body: { input_string: 'hey' } })
  const path = `/${JSON.parse(run.text).action_id}/status`
  const answer = await ask(server, token, 'GET', path)
  const calls = [{ method: 'GET' as const, path: new URL(server.url).pathname + path, token }]
  return { contestant: { servers: [server], calls }, answer }
}

async function yardstickFor(bench: Bench, answer: Answer): Promise<Contestant> {
  const url = '/skeleton/:action_id/status'
  const server = await startYardstick(bench, constantOf('GET', url, answer))
  const path = url.replace(':action_id', JSON.parse(answer.text).action_id)
  return { servers: [server], calls: [{ method: 'GET', path, token: await bench.globus.token() }] }
}

import {
  ask,
  type Bench,
  type Contestant,
  constantOf,
  type Group,
  startProvider,
  startYardstick,
} from '../bench.ts'
import { ID } from '../order.ts'
import type { Server } from '../process.ts'
import { latencyFigure, rateFigure, type StartBoth } from './paired.ts'

/** Run of new actions, each durable before it is answered, beside a route that makes one row durable. */
export const run: Group = {
  name: 'run',
  async measure(bench) {
    const rate = await rateFigure(
      bench,
      { name: 'run, durable on SQLite', must: { least: 0.5 } },
      startBoth('warn'),
    )
    return [
      rate,
      await rateFigure(bench, { name: 'run with its log of each request' }, startBoth('info')),
      await latencyFigure(bench, 'run, p99 at 70 % of peak', rate, startBoth('warn')),
    ]
  },
}

function startBoth(level: string): StartBoth {
  return async (bench) => {
    const server = await startProvider(bench, 'watchasay', { LOG_LEVEL: level })
    return { provider: await runOf(bench, server), yardstick: await yardstickFor(bench, server) }
  }
}

const BODY = { input_string: 'hey' }

/** A provider that is asked to start action after action. */
export async function runOf(bench: Bench, server: Server, input: unknown = BODY): Promise<Contestant> {
  const body = JSON.stringify({ request_id: ID, body: input })
  const path = `${new URL(server.url).pathname}/run`
  return { servers: [server], calls: [{ method: 'POST', path, token: await bench.globus.token(), body }] }
}

async function yardstickFor(bench: Bench, provider: Server): Promise<Contestant> {
  const token = await bench.globus.token()
  const answer = await ask(provider, token, 'POST', '/run', { request_id: 'one', body: BODY })
  const url = '/skeleton/run'
  const server = await startYardstick(bench, constantOf('POST', url, answer), { inserts: true })
  const body = JSON.stringify({ request_id: ID, body: BODY })
  return { servers: [server], calls: [{ method: 'POST', path: url, token, body }] }
}

import { type Bench, type Contestant, type Group, startBare, startInsert, startProvider } from '../bench.ts'
import { ask } from '../call.ts'
import type { Constant } from '../constant.ts'
import { ID } from '../order.ts'
import type { Server } from '../process.ts'
import { latencyFigure, rateFigure, type StartBoth } from './paired.ts'

/** Run of new actions, each durable before it is answered. */
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
      await rateFigure(
        bench,
        { name: 'run, beside one insert' },
        startBoth('warn', startInsert),
        'a route that inserts a row',
      ),
      await rateFigure(bench, { name: 'run with its log of each request' }, startBoth('info')),
      await latencyFigure(bench, 'run, p99 at 70 % of peak', rate, startBoth('warn')),
    ]
  },
}

/** Starts what a provider is measured by. */
type StartLimit = (bench: Bench, constant: Constant) => Promise<Server>

const bareFastify: StartLimit = (bench, constant) => startBare(bench, [constant])

function startBoth(level: string, startLimit = bareFastify): StartBoth {
  return async (bench) => {
    const server = await startProvider(bench, 'watchasay', { LOG_LEVEL: level })
    return { provider: await runOf(bench, server), bare: await limitOf(bench, server, startLimit) }
  }
}

const BODY = { input_string: 'hey' }

/** A provider that is asked to start action after action. */
export async function runOf(bench: Bench, server: Server, input: unknown = BODY): Promise<Contestant> {
  const body = JSON.stringify({ request_id: ID, body: input })
  const path = `${new URL(server.url).pathname}/run`
  return { servers: [server], calls: [{ method: 'POST', path, token: await bench.globus.token(), body }] }
}

async function limitOf(bench: Bench, provider: Server, startLimit: StartLimit): Promise<Contestant> {
  const token = await bench.globus.token()
  const { status, text } = await ask(provider, token, 'POST', '/run', { request_id: 'one', body: BODY })
  const url = '/skeleton/run'
  const server = await startLimit(bench, { method: 'POST', url, code: status, body: text })
  const body = JSON.stringify({ request_id: ID, body: BODY })
  return { servers: [server], calls: [{ method: 'POST', path: url, token, body }] }
}

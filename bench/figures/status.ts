import { type Bench, type Contestant, type Group, startBare, startProvider } from '../bench.ts'
import { ask } from '../call.ts'
import type { Server } from '../process.ts'
import { latencyFigure, rateFigure, type StartBoth } from './paired.ts'

/** Status of a complete action, asked by a caller who is known. */
export const status: Group = {
  name: 'status',
  async measure(bench) {
    const rate = await rateFigure(
      bench,
      { name: 'status, known caller, SQLite', must: { least: 0.8 } },
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
    return { provider: provider.contestant, bare: await bareStatus(bench, provider.text) }
  }
}

/** A provider that is asked for the status of one action, and what it answers. */
export async function statusOf(
  bench: Bench,
  server: Server,
): Promise<{ contestant: Contestant; text: string }> {
  const token = await bench.globus.token()
  const run = await ask(server, token, 'POST', '/run', { request_id: 'one', body: { input_string: 'hey' } })
  const path = `/${JSON.parse(run.text).action_id}/status`
  const { text } = await ask(server, token, 'GET', path)
  const calls = [{ method: 'GET' as const, path: new URL(server.url).pathname + path, token }]
  return { contestant: { servers: [server], calls }, text }
}

async function bareStatus(bench: Bench, body: string): Promise<Contestant> {
  const url = '/skeleton/:action_id/status'
  const server = await startBare(bench, [{ method: 'GET', url, code: 200, body }])
  const path = url.replace(':action_id', JSON.parse(body).action_id)
  return { servers: [server], calls: [{ method: 'GET', path, token: await bench.globus.token() }] }
}

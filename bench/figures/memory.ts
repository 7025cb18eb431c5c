import { ask, type Bench, type Group, startProvider } from '../bench.ts'
import type { Figure } from '../figure.ts'
import type { Usage } from '../observed.ts'
import type { Server } from '../process.ts'

const CALLERS = 10_000
const SLEEPERS = 1_000
const AT_ONCE = 32

export const memory: Group = {
  name: 'memory',
  async measure(bench) {
    return [await callersFigure(bench), await sleepersFigure(bench)]
  },
}

/** Memory with as many callers as the caches hold, and with twice as many, of which they hold half. */
async function callersFigure(bench: Bench): Promise<Figure> {
  const server = await startProvider(bench, 'watchasay')
  const idle = await server.usage('memory')
  const full = await known(bench, server)
  const more = await known(bench, server)
  return {
    name: 'memory, 10,000 callers in the caches',
    unit: 'MB',
    measured: more.rss,
    limit: { name: 'after the first 10,000', value: full.rss },
    ratio: more.rss / full.rss,
    must: { most: 1.25 },
    note: `after 10,000 others; alive after a collection ${[idle, full, more].map(({ alive }) => alive.toFixed(0)).join(', ')} MB with 0, 10,000 and 20,000`,
    detail: { idle, full, more },
  }
}

/** What an action takes whose work sleeps, beside what is stored. All of them sleep at the same time. */
async function sleepersFigure(bench: Bench): Promise<Figure> {
  const server = await startProvider(bench, 'hello-world')
  await asleep(bench, server, 0)
  const before = await server.usage('memory')
  const document = await asleep(bench, server, 3_600)
  const after = await server.usage('memory')
  return {
    name: 'memory of an action, 1,000 of which sleep',
    unit: 'KB',
    measured: ((after.alive - before.alive) * 1_024) / SLEEPERS,
    note: `alive after a collection; its status alone is ${(document.length / 1_024).toFixed(1)} KB`,
    detail: { before, after },
  }
}

/** Starts 1,000 actions and waits until each has said that it sleeps, or has ended. Returns the status of one. */
async function asleep(bench: Bench, server: Server, sleep_time: number): Promise<string> {
  const token = await bench.globus.token()
  let document = ''
  await forEach(SLEEPERS, async (index) => {
    const body = { request_id: `${sleep_time} ${index}`, body: { sleep_time } }
    const headers = { prefer: 'respond-async' }
    const { action_id } = JSON.parse((await ask(server, token, 'POST', '/run', body, headers)).text)
    do document = (await ask(server, token, 'GET', `/${action_id}/status`)).text
    while (!document.includes('Sleeps') && !document.includes('SUCCEEDED'))
  })
  return document
}

/** Makes 10,000 callers known, with their groups: each has its own token, and asks for what its groups may see. */
async function known(bench: Bench, server: Server): Promise<Usage> {
  await forEach(CALLERS, async () => {
    await ask(server, await bench.globus.token(), 'GET', '/actions?roles=monitor_by&limit=1')
  })
  return server.usage('memory')
}

async function forEach(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

import { type Bench, type Group, startProvider } from '../bench.ts'
import { ask } from '../call.ts'
import type { Usage } from '../observed.ts'
import type { Server } from '../process.ts'

const CALLERS = 10_000
const AT_ONCE = 32

/** Memory with as many callers as the caches hold, and with twice as many, of which they hold half. */
export const memory: Group = {
  name: 'memory',
  async measure(bench) {
    const server = await startProvider(bench, 'watchasay')
    const idle = await server.usage('memory')
    const full = await known(bench, server)
    const more = await known(bench, server)
    return [
      {
        name: 'memory, 10,000 callers in the caches',
        unit: 'MB',
        measured: more.rss,
        limit: { name: 'after the first 10,000', value: full.rss },
        ratio: more.rss / full.rss,
        must: { most: 1.25 },
        note: `after 10,000 others; alive after a collection ${[idle, full, more].map(({ alive }) => alive.toFixed(0)).join(', ')} MB with 0, 10,000 and 20,000`,
        detail: { idle, full, more },
      },
    ]
  },
}

/** Makes 10,000 callers known, with their groups: each has its own token, and asks for what its groups may see. */
async function known(bench: Bench, server: Server): Promise<Usage> {
  let left = CALLERS
  const call = async (): Promise<void> => {
    while (left-- > 0) {
      await ask(server, await bench.globus.token(), 'GET', '/actions?roles=monitor_by&limit=1')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, call))
  return server.usage('memory')
}

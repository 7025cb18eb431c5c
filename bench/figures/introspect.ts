import { type Group, startBare, startProvider } from '../bench.ts'
import { rateFigure } from './paired.ts'

/** What the provider does, for everybody. */
export const introspect: Group = {
  name: 'introspect',
  measure: async (bench) => [
    await rateFigure(bench, { name: 'introspect', must: { least: 0.9 } }, async (bench) => {
      const server = await startProvider(bench, 'watchasay')
      const body = await (await fetch(`${server.url}/`)).text()
      const bare = await startBare(bench, [{ method: 'GET', url: '/skeleton/', code: 200, body }])
      const calls = [{ method: 'GET' as const, path: '/skeleton/' }]
      return { provider: { servers: [server], calls }, bare: { servers: [bare], calls } }
    }),
  ],
}

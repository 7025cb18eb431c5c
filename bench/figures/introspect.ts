import { ask, constantOf, type Group, startProvider, startYardstick } from '../bench.ts'
import { rateFigure } from './paired.ts'

/** What the provider does, for everybody. */
export const introspect: Group = {
  name: 'introspect',
  measure: async (bench) => [
    await rateFigure(bench, { name: 'introspect', must: { least: 0.85 } }, async (bench) => {
      const server = await startProvider(bench, 'watchasay')
      const answer = await ask(server, '', 'GET', '/')
      const yardstick = await startYardstick(bench, constantOf('GET', '/skeleton/', answer))
      const calls = [{ method: 'GET' as const, path: '/skeleton/' }]
      return { provider: { servers: [server], calls }, yardstick: { servers: [yardstick], calls } }
    }),
  ],
}

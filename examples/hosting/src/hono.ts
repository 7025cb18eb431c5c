import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { fetchHandler, runUntilStopped } from 'action-provider-tools'
import { Hono } from 'hono'
import { openApplication } from './application.ts'

await runUntilStopped(async () => {
  const app = await openApplication()
  const handle = fetchHandler(app)
  const hono = new Hono()
  hono.get('/', (context) => context.text('There are providers at /echo and /countdown'))
  for (const path of ['/echo/*', '/countdown/*']) {
    hono.all(path, (context) => handle(context.req.raw, { address: getConnInfo(context).remote.address }))
  }

  const port = Number(process.env.PORT ?? 3000)
  const server = serve({ fetch: hono.fetch, hostname: '127.0.0.1', port }, (bound) => {
    process.stdout.write(`Hono serves at http://127.0.0.1:${bound.port}/echo\n`)
  })
  return async () => {
    server.close()
    await app.close()
  }
})

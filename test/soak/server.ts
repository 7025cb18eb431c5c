/** What is soaked: both examples on one application, as they are served, over SQLite. */
import type { AddressInfo } from 'node:net'
import {
  actionProvider,
  createApplication,
  createMetrics,
  globusAuth,
  openStore,
} from 'action-provider-tools'
import { helloWorld } from '../../examples/hello-world/src/hello-world.ts'
import { watchasay } from '../../examples/watchasay/src/watchasay.ts'
import { beWatched } from '../watched.ts'

await beWatched<{ url: string }>(async () => {
  const { DATABASE_URL = '', CLIENT_ID = '', CLIENT_SECRET = '', SCOPE = '' } = process.env
  const store = await openStore(DATABASE_URL)
  const metrics = createMetrics()
  const app = createApplication({ logLevel: 'silent', metrics })
  const auth = globusAuth({
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    scope: SCOPE,
    onCall: metrics.authCall,
  })
  await app.register(actionProvider, { prefix: '/skeleton', provider: watchasay, auth, store })
  await app.register(actionProvider, { prefix: '/hello_world', provider: helloWorld, auth, store })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    info: { url: `http://127.0.0.1:${port}` },
    async close() {
      await app.close()
      await store.close()
      await auth.close()
    },
  }
})

import {
  actionProvider,
  connectGlobus,
  createApplication,
  createMetrics,
  globusAuth,
  greeting,
  openStore,
  readSettings,
  runUntilStopped,
} from 'action-provider-tools'
import { countdown, echo } from './providers.ts'

await runUntilStopped(async () => {
  const settings = readSettings('hosting')
  const metrics = createMetrics()
  const app = createApplication({ ...settings.application, metrics })
  const store = await openStore(settings.databaseUrl)
  const globus = await connectGlobus(settings)
  const auth = globusAuth({ ...globus.client, log: app.log, clock: store.now, onCall: metrics.authCall })

  app.get('/', async () => ({ providers: ['/echo', '/countdown'] }))
  const shared = { ...settings.provider, auth, store }
  await app.register(actionProvider, { ...shared, prefix: '/echo', provider: echo })
  await app.register(actionProvider, { ...shared, prefix: '/countdown', provider: countdown })

  const address = await app.listen(settings.listen)
  process.stdout.write(await greeting([{ url: `${address}/echo`, provider: echo }], globus.development))
  return async () => {
    await app.close()
    await auth.close()
    await globus.close()
    await store.close()
  }
})

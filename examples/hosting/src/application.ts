import {
  actionProvider,
  connectGlobus,
  createApplication,
  globusAuth,
  openStore,
  readSettings,
} from 'action-provider-tools'
import type { FastifyInstance } from 'fastify'
import { countdown, echo } from './providers.ts'

/** An application that does not listen: a host gives it its requests. Closing it closes all that it stands on. */
export async function openApplication(): Promise<FastifyInstance> {
  const settings = readSettings('hosting')
  const app = createApplication(settings.application)
  const store = await openStore(settings.databaseUrl)
  const globus = await connectGlobus(settings)
  const auth = globusAuth({ ...globus.client, log: app.log, clock: store.now })
  const shared = { ...settings.provider, auth, store }
  await app.register(actionProvider, { ...shared, prefix: '/echo', provider: echo })
  await app.register(actionProvider, { ...shared, prefix: '/countdown', provider: countdown })
  app.addHook('onClose', async () => {
    await auth.close()
    await globus.close()
    await store.close()
  })
  return app
}

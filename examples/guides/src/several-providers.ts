import { type Auth, actionProvider, createApplication, openStore } from 'action-provider-tools'
import { listing } from './consent.ts'
import { reboot } from './groups.ts'

export async function application(
  auth: Auth,
  databaseUrl: string,
): Promise<ReturnType<typeof createApplication>> {
  const app = createApplication()
  const store = await openStore(databaseUrl)
  app.addHook('onClose', () => store.close())
  await app.register(actionProvider, { prefix: '/listing', provider: listing, auth, store })
  await app.register(actionProvider, { prefix: '/reboot', provider: reboot, auth, store })
  return app
}

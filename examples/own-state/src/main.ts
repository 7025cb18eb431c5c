import { connectGlobus, globusAuth, greeting, readSettings, runUntilStopped } from 'action-provider-tools'
import { createWatchasay } from './application.ts'

await runUntilStopped(async () => {
  const settings = readSettings('own-state')
  const globus = await connectGlobus(settings)
  const auth = globusAuth(globus.client)
  const { app, provider } = await createWatchasay(auth, settings.application)
  const address = await app.listen(settings.listen)
  process.stdout.write(await greeting([{ url: `${address}/skeleton`, provider }], globus.development))
  return async () => {
    await app.close()
    await auth.close()
    await globus.close()
  }
})

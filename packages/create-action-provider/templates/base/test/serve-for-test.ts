import { type ActionProvider, actionProvider, createApplication, openStore } from 'action-provider-tools'
import { connect } from 'action-provider-tools/client'
import { fakeAuth, type TestClock } from 'action-provider-tools/testing'

/**
 * Serves a provider for a test, on a free port of this machine, with a database in memory and callers that are made up:
 * no credentials, no network. `as` gives the provider as somebody calls it.
 * @param options a clock that the test moves, and the address that callback URLs begin with
 */
export async function serveForTest<P extends ActionProvider>(
  provider: P,
  options: { clock?: TestClock; publicUrl?: string } = {},
) {
  const auth = fakeAuth()
  const app = createApplication({ logger: false })
  const store = await openStore('sqlite::memory:', options)
  app.addHook('onClose', () => store.close())
  await app.register(actionProvider, { prefix: '/__name__', provider, auth, store, ...options })
  const url = `${await app.listen({ port: 0 })}/__name__`
  return {
    auth,
    url,
    as: (username: string) => connect<P>(url, { token: auth.caller({ username }).token }),
    close: () => app.close(),
  }
}

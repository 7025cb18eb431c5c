import type { Login } from '../auth/token-store.ts'
import { logInAndKeep } from '../auth/tokens.ts'
import type { Provider } from '../client/provider.ts'
import { usageError } from '../errors.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { identityTable, whoDocument } from './who.ts'

/** `action-provider login`: with a provider's URL, also for the scope of that provider. */
export async function login(options: CommonOptions): Promise<void> {
  const session = await openSession(options)
  const { terminal, store, client } = session
  if (client !== undefined) {
    throw usageError(
      'GLOBUS_CLIENT_ID and GLOBUS_CLIENT_SECRET are set, which need no login: unset them to log in yourself',
    )
  }
  const provider = options.actionUrl === undefined ? undefined : session.provider()
  const scope = provider === undefined ? options.actionScope : await ownScope(provider, options.actionScope)
  const kept: Login = await logInAndKeep(store, session.login, scope)
  const who = whoDocument(kept, session.globus.auth)
  await terminal.result(who, () => identityTable(who))
}

/** A given token does not name the scope of a login: the command line or the provider does. */
async function ownScope(provider: Provider, given: string | undefined): Promise<string> {
  return (await provider.scope()) || given || (await provider.describe()).globus_auth_scope
}

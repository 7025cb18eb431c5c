import type { Login } from '../auth/token-store.ts'
import { logInAndKeep } from '../auth/tokens.ts'
import { usageError } from '../errors.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { identityTable, whoDocument } from './who.ts'

/** `action-provider login`: with a provider's URL, for what that one needs too. */
export async function login(options: CommonOptions): Promise<void> {
  const session = await openSession(options)
  const { terminal, store, client } = session
  if (client !== undefined) {
    throw usageError(
      'GLOBUS_CLIENT_ID and GLOBUS_CLIENT_SECRET are set, which need no login: unset them to log in yourself',
    )
  }
  const { actionUrl, actionScope } = options
  const provider = actionUrl === undefined ? undefined : session.provider()
  const scope = actionScope ?? (await ownScope(provider))
  const kept: Login = await logInAndKeep(store, session.login, scope, provider?.url)
  const who = whoDocument(kept, session.globus.auth)
  await terminal.result(who, () => identityTable(who))
}

/** A token that was given says nothing of whom a login is for: the provider's description does. */
async function ownScope(
  provider: ReturnType<Awaited<ReturnType<typeof openSession>>['provider']> | undefined,
) {
  return provider === undefined
    ? undefined
    : (await provider.scope()) || (await provider.describe()).globus_auth_scope
}

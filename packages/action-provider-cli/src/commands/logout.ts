import { NetworkFailure } from 'action-provider-tools/client'
import { revoke } from '../auth/grants.ts'
import { type Login, providerKey, type StoredToken, type TrustedProvider } from '../auth/token-store.ts'
import { providerUrl } from '../client/provider-url.ts'
import { CommandError, unavailableError } from '../errors.ts'
import { type CommonOptions, openSession, type Session } from '../session.ts'

/**
 * `action-provider logout`: revokes and forgets tokens; with a provider's URL or a scope, only those tokens.
 */
export async function logout(options: CommonOptions): Promise<void> {
  const session = await openSession(options)
  const { store, terminal } = session
  const removed = await store.update(async (login) => {
    const removable = chosen(login, options)
    login.tokens = login.tokens.filter((token) => !removable.tokens.includes(token))
    login.trusted = login.trusted?.filter((each) => !removable.trusted.includes(each)) ?? []
    if (login.tokens.length === 0) delete login.identity
    return removable.tokens
  })
  const { tokens, trusted = [] } = await store.read()
  if (tokens.length === 0 && trusted.length === 0) await store.remove()
  if (removed.length === 0) {
    terminal.say('Nobody was logged in')
    return
  }
  await revokeAll(session, removed)
  terminal.say(
    `Logged out: ${removed.length} ${removed.length === 1 ? 'token is' : 'tokens are'} revoked and forgotten`,
  )
}

/** The tokens to forget: all, or those of one provider or scope. */
function chosen(
  { tokens, trusted = [] }: Login,
  { actionUrl, actionScope }: CommonOptions,
): { tokens: StoredToken[]; trusted: TrustedProvider[] } {
  const provider = actionUrl === undefined ? undefined : providerKey(providerUrl(actionUrl))
  const removable = trusted.filter(
    (each) =>
      (provider === undefined || each.provider === provider) &&
      (actionScope === undefined || each.scope === actionScope),
  )
  const isRemovable = ({ scope }: StoredToken): boolean => {
    const scopes = scope.split(' ')
    if (provider !== undefined) return removable.some((each) => scopes.includes(each.scope))
    return actionScope === undefined || scopes.includes(actionScope)
  }
  return { tokens: tokens.filter(isRemovable), trusted: removable }
}

/** A forgotten token stays valid until it is revoked, so users must learn if revoking failed. */
async function revokeAll({ globus, terminal }: Session, tokens: readonly StoredToken[]): Promise<void> {
  for (const { client_id: clientId, access_token, refresh_token } of tokens) {
    const asking = { auth: globus.auth, client: { clientId }, trace: terminal.trace }
    try {
      if (refresh_token !== undefined) await revoke(asking, refresh_token)
      await revoke(asking, access_token)
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof NetworkFailure)) throw error
      throw unavailableError(
        `The tokens are forgotten here, but could not be revoked: end them at ${new URL('v2/web/consents', globus.auth).href} (${error.message})`,
        error,
      )
    }
  }
}

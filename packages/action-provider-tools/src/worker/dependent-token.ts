import type { Auth, DependentToken } from '../auth/auth.ts'
import { ConsentRequired, UnauthorizedRequest } from '../errors.ts'
import type { SealedState } from './sealed-state.ts'

/** A token this close to its end is refreshed before it is used, in milliseconds. */
const MARGIN = 60_000

/**
 * A valid dependent token for a scope: the one kept, refreshed where it has expired, or a new one by the caller's token.
 * Returns it with the content to be kept from now on (the same object where nothing changed).
 * @throws ConsentRequired, also when neither the refresh token nor the caller's token is good any more; ServiceUnavailable
 */
export async function dependentToken(
  auth: Auth,
  content: SealedState,
  scope: string,
  now: number,
): Promise<{ token: DependentToken; content: SealedState }> {
  const kept = content.tokens?.[scope]
  if (kept && kept.expires_at - MARGIN > now) return { token: kept, content }
  const token = await renew(auth, content, kept, scope)
  return { token, content: { ...content, tokens: { ...content.tokens, [scope]: token } } }
}

async function renew(
  auth: Auth,
  content: SealedState,
  kept: DependentToken | undefined,
  scope: string,
): Promise<DependentToken> {
  if (kept?.refresh_token) {
    try {
      return await auth.refreshDependentToken(kept)
    } catch (error) {
      if (!(error instanceof UnauthorizedRequest)) throw error
    }
  }
  try {
    if (content.caller === undefined) throw new ConsentRequired(scope)
    return await auth.grantDependentToken(content.caller, scope)
  } catch (error) {
    if (error instanceof UnauthorizedRequest) throw new ConsentRequired(scope, { cause: error })
    throw error
  }
}

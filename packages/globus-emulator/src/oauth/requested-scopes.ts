import { oauthError } from '../errors.ts'
import { parseScopes, type ScopeTree } from '../scope-grammar.ts'
import { type RequestedScope, resolveScopes } from '../state/scopes.ts'
import type { State } from '../state/state.ts'

/** No scope of anybody's: another way to ask for refresh tokens (OpenID Connect Core section 11). */
export const offlineScope = 'offline_access'

/** @throws ServiceError 400 `invalid_scope` for what is no list of scopes */
export function requestedScopes(text: string): ScopeTree[] {
  try {
    return parseScopes(text)
  } catch (error) {
    throw oauthError('invalid_scope', error instanceof Error ? error.message : 'no list of scopes')
  }
}

/** @throws ServiceError 400 `invalid_scope` for a malformed list, an empty one, or a scope nobody registered */
export function knownScopes(state: State, text: string): RequestedScope[] {
  const trees = requestedScopes(text).filter(({ scope }) => scope !== offlineScope)
  if (trees.length === 0) throw oauthError('invalid_scope', 'no scope was asked for')
  try {
    return resolveScopes(state, trees)
  } catch (error) {
    throw oauthError('invalid_scope', error instanceof Error ? error.message : 'unknown scope')
  }
}

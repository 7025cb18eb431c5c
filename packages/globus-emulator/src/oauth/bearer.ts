import type { State } from '../state/state.ts'
import { findToken, type LiveToken } from '../state/tokens.ts'

/** The token in an `Authorization: Bearer …` header (RFC 6750 section 2.1), if it counts. */
export function bearerToken(state: State, authorization: string | undefined): LiveToken | undefined {
  const text = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  return text === undefined ? undefined : findToken(state, text, 'access')
}

/** Whether a token carries any of these scopes. */
export function carries(token: LiveToken, scopes: readonly string[]): boolean {
  return token.grants.some(({ scopeRecord }) => scopes.includes(scopeRecord.scope_string))
}

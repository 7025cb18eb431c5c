import { oauthError } from '../errors.ts'
import type { Client, State } from '../state/state.ts'
import { findToken, refreshToken, type TokenDocument } from '../state/tokens.ts'
import type { Form } from './client-authentication.ts'

/** The refresh token grant: a fresh access token; the refresh token stays as it is. */
export function refresh(state: State, client: Client, form: Form, lifetime: number): TokenDocument {
  if (!form.refresh_token) throw oauthError('invalid_request', 'the form has no refresh_token')
  const token = findToken(state, form.refresh_token, 'refresh')
  if (!token)
    throw oauthError('invalid_grant', 'the refresh token is unknown or revoked, or its consent rescinded')
  if (token.issuedTo.id !== client.id)
    throw oauthError('invalid_grant', 'the refresh token is of another client')
  return refreshToken(state, form.refresh_token, token, lifetime)
}

import { dependentConsentRequired, oauthError, type ServiceError } from '../errors.ts'
import type { Form } from '../request.ts'
import { isPublic } from '../state/clients.ts'
import { consentsBelow, consentsToClient, grantConsent } from '../state/consents.ts'
import type { ScopeTree } from '../state/scope-grammar.ts'
import { expandScopes } from '../state/scopes.ts'
import { digest, randomText } from '../state/secrets.ts'
import {
  type AuthorizationCode,
  type Client,
  type Consent,
  type Session,
  type State,
  seconds,
} from '../state/state.ts'
import { findToken, issueTokens, refreshToken, type TokenDocument } from '../state/tokens.ts'
import { type AuthorizationRequest, knownScopes, requestedScopes, verifies } from './authorization.ts'

const codeLifetime = 600

/** Records the consent of the user who is logged in, and makes a code for it. */
export function issueCode(
  state: State,
  request: AuthorizationRequest,
  session: Session,
  label: string,
): string {
  const consents = grantConsent(state, {
    identity: session.identity,
    client: request.client.id,
    scopes: request.scopes,
    offline: request.offline,
    ...(label ? { label } : {}),
  })
  const code = randomText(30)
  state.codes.set(digest(code), {
    client: request.client.id,
    identity: session.identity,
    consents: consents.map(({ id }) => id),
    redirect_uri: request.redirectUri,
    code_challenge: request.challenge,
    offline: request.offline,
    state: request.state,
    nonce: request.nonce,
    login: { id: session.id, auth_time: session.auth_time },
    expires_at: seconds() + codeLifetime,
  })
  return code
}

/**
 * The authorization code grant: tokens for a code, which can be used once.
 *
 * @param includeConsented give tokens for all that the user has ever allowed the client
 * @throws ServiceError 401 `invalid_grant`, the status of Globus Auth for a bad code
 */
export function redeemCode(
  state: State,
  client: Client,
  form: Form,
  lifetime: number,
  includeConsented = false,
): { tokens: (TokenDocument & { state?: string })[]; code: AuthorizationCode } {
  if (!form.code) throw oauthError('invalid_request', 'the form has no code')
  const code = state.codes.get(digest(form.code))
  state.codes.delete(digest(form.code))
  if (!code || code.expires_at <= seconds()) throw badCode('the code is unknown, used or expired')
  if (code.client !== client.id) throw badCode('the code was issued to another client')
  if (code.redirect_uri !== form.redirect_uri)
    throw badCode('redirect_uri is not the one the code was sent to')
  if (!verifies(form.code_verifier, code.code_challenge))
    throw badCode('code_verifier does not fit the challenge')
  const consents = code.consents.flatMap((id) => state.consents.get(id) ?? [])
  if (consents.length < code.consents.length) throw badCode('the consent was rescinded')
  const tokens = issueTokens(state, {
    client,
    identity: code.identity,
    consents: includeConsented ? consentsToClient(state, code) : consents,
    lifetime,
    offline: code.offline,
    login: code.login,
  })
  return {
    code,
    tokens: code.state === null ? tokens : tokens.map((token) => ({ ...token, state: code.state ?? '' })),
  }
}

/** The refresh token grant: a new access token. The refresh token stays the same. */
export function refresh(state: State, client: Client, form: Form, lifetime: number): TokenDocument {
  if (!form.refresh_token) throw oauthError('invalid_request', 'the form has no refresh_token')
  const token = findToken(state, form.refresh_token, 'refresh')
  if (!token)
    throw oauthError('invalid_grant', 'the refresh token is unknown or revoked, or its consent rescinded')
  if (token.issuedTo.id !== client.id)
    throw oauthError('invalid_grant', 'the refresh token is of another client')
  return refreshToken(state, form.refresh_token, token, lifetime)
}

/** The client credentials grant: a client acts as itself, which needs no consent of a user. */
export function clientCredentials(
  state: State,
  client: Client,
  form: Form,
  lifetime: number,
): TokenDocument[] {
  if (isPublic(client)) throw oauthError('unauthorized_client', 'a native client cannot act as itself')
  const consents = grantConsent(state, {
    identity: client.id,
    client: client.id,
    scopes: expandScopes(state, knownScopes(state, form.scope ?? '')),
    autoApproved: true,
  })
  return issueTokens(state, { client, identity: client.id, consents, lifetime, offline: false, login: null })
}

/**
 * The dependent token grant: a service that got a token from its caller gets tokens for the services that it
 * calls for this caller. Without `scope` it gets all that the caller has consented to.
 *
 * @throws ServiceError 400 `invalid_grant`; 403 `dependent_consent_required` for a scope without consent
 */
export function dependentTokens(state: State, client: Client, form: Form, lifetime: number): TokenDocument[] {
  if (!form.token) throw oauthError('invalid_request', 'the form has no token')
  const token = findToken(state, form.token, 'access')
  if (!token) throw oauthError('invalid_grant', 'the token is unknown, expired or revoked')
  if (token.resourceServer.id !== client.id) {
    throw oauthError(
      'invalid_grant',
      `the token is meant for ${token.resourceServer.resource_server}, not for ${client.id}`,
    )
  }
  const allowed = token.grants.flatMap((grant) => consentsBelow(state, grant))
  return issueTokens(state, {
    client,
    identity: token.identity,
    consents: form.scope ? selected(state, allowed, requestedScopes(form.scope)) : allowed,
    lifetime,
    offline: form.access_type === 'offline',
    login: token.login,
  })
}

/** The consents for these scopes. The dependents of a scope need consent too. */
function selected(state: State, allowed: readonly Consent[], wanted: readonly ScopeTree[]): Consent[] {
  const missing: string[] = []
  const find = (among: readonly Consent[], trees: readonly ScopeTree[]): Consent[] =>
    trees.flatMap((tree) => {
      const consent = among.find(({ scope }) => state.scopes.get(scope)?.scope_string === tree.scope)
      if (!consent) {
        if (!tree.optional) missing.push(tree.scope)
        return []
      }
      find(consentsBelow(state, consent), tree.dependents)
      return [consent]
    })
  const found = find(allowed, wanted)
  if (missing.length > 0) throw dependentConsentRequired(missing)
  return found
}

function badCode(reason: string): ServiceError {
  return oauthError('invalid_grant', reason, 401)
}

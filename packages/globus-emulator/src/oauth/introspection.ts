import { createHash } from 'node:crypto'
import { oauthError } from '../errors.ts'
import type { Form } from '../request.ts'
import { consentsBelow } from '../state/consents.ts'
import { identitySet } from '../state/identities.ts'
import type { Client, State } from '../state/state.ts'
import { findToken, type LiveToken, scopeText } from '../state/tokens.ts'

/**
 * Token introspection (RFC 7662), for a service about the token of its caller. A token is active only for the
 * service that it is meant for and the client that it was issued to.
 */
export function introspect(
  state: State,
  issuer: string,
  client: Client,
  form: Form,
): Record<string, unknown> {
  if (!form.token) throw oauthError('invalid_request', 'the form has no token')
  const token = findToken(state, form.token)
  if (!token || (token.resourceServer.id !== client.id && token.issuedTo.id !== client.id))
    return { active: false }
  return {
    active: true,
    token_type: 'Bearer',
    scope: scopeText(token),
    client_id: token.issuedTo.id,
    sub: token.owner.id,
    username: token.owner.username,
    name: token.owner.name,
    email: token.owner.email,
    aud: [...new Set([token.resourceServer.resource_server, token.resourceServer.id, token.issuedTo.id])],
    iss: issuer,
    iat: token.issued_at,
    nbf: token.issued_at,
    ...(token.expires_at === null ? {} : { exp: token.expires_at }),
    dependent_tokens_cache_id: dependentTokensCacheId(state, token),
    ...included(state, token, form.include),
  }
}

/** Changes when the answer of a dependent token grant would change. */
function dependentTokensCacheId(state: State, token: LiveToken): string {
  const below = token.grants.flatMap((grant) => consentsBelow(state, grant).map(({ id }) => id))
  return createHash('sha256')
    .update(JSON.stringify([token.identity, token.consents, below]))
    .digest('hex')
}

function included(state: State, token: LiveToken, include = ''): Record<string, unknown> {
  const asked = new Set(include.split(/[\s,]+/))
  const set = identitySet(state, token.owner)
  const ids = set.map(({ id }) => id)
  return {
    ...(asked.has('identity_set') ? { identity_set: ids } : {}),
    ...(asked.has('identities_set') ? { identities_set: ids } : {}),
    ...(asked.has('session_info') ? { session_info: sessionInfo(token) } : {}),
    ...(asked.has('identity_set_detail')
      ? {
          identity_set_detail: set.map((identity) => ({
            sub: identity.id,
            username: identity.username,
            name: identity.name,
            email: identity.email,
            organization: identity.organization,
            identity_provider: identity.identity_provider,
          })),
        }
      : {}),
  }
}

/** When, and with which identity, the user logged in to get this token. */
function sessionInfo({ login, owner }: LiveToken): Record<string, unknown> {
  if (!login) return { session_id: null, authentications: {} }
  const authentication = {
    idp: owner.identity_provider,
    auth_time: login.auth_time,
    acr: null,
    amr: null,
    custom_claims: {},
  }
  return { session_id: login.id, authentications: { [owner.id]: authentication } }
}

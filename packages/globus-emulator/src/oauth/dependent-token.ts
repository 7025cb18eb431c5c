import { dependentConsentRequired, oauthError } from '../errors.ts'
import type { ScopeTree } from '../scope-grammar.ts'
import { consentsBelow } from '../state/consents.ts'
import type { Client, Consent, State } from '../state/state.ts'
import { findToken, issueTokens, type TokenDocument } from '../state/tokens.ts'
import type { Form } from './client-authentication.ts'
import { requestedScopes } from './requested-scopes.ts'

/**
 * The dependent token grant: a service that was called with a token gets tokens for the services it calls in
 * turn, for its caller, as far as the caller allows. Without `scope` it gets all there are.
 *
 * @throws ServiceError 400 `invalid_grant`; 403 `dependent_consent_required` for a scope named but not allowed
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
  })
}

/** The consents for these scopes; a scope's own dependents have to be allowed too. */
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

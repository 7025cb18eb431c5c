import { oauthError } from '../errors.ts'
import { isPublic } from '../state/clients.ts'
import { expandScopes, grantConsent } from '../state/consents.ts'
import type { Client, State } from '../state/state.ts'
import { issueTokens, type TokenDocument } from '../state/tokens.ts'
import type { Form } from './client-authentication.ts'
import { knownScopes } from './requested-scopes.ts'

/** The client credentials grant: a client acts as itself, which needs nobody's consent. */
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
  return issueTokens(state, { client, identity: client.id, consents, lifetime, offline: false })
}

import { oauthError, type ServiceError } from '../errors.ts'
import { consentsToClient, grantConsent } from '../state/consents.ts'
import { digest, randomText } from '../state/secrets.ts'
import { type AuthorizationCode, type Client, type Session, type State, seconds } from '../state/state.ts'
import { issueTokens, type TokenDocument } from '../state/tokens.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Form } from './client-authentication.ts'
import { verifies } from './pkce.ts'

const codeLifetime = 600

/** Records the consent of the user who is logged in, and gives out a code for it. */
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
    auth_time: session.auth_time,
    expires_at: seconds() + codeLifetime,
  })
  return code
}

/**
 * The authorization code grant: tokens for a code, which is good for once.
 *
 * @param includeConsented give tokens for everything that the user ever allowed the client, not just this time
 * @throws ServiceError 401 `invalid_grant`, the status that Globus Auth answers a bad code with
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
  })
  return {
    code,
    tokens: code.state === null ? tokens : tokens.map((token) => ({ ...token, state: code.state ?? '' })),
  }
}

function badCode(reason: string): ServiceError {
  return oauthError('invalid_grant', reason, 401)
}

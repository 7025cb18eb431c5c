import { isLoopback } from 'action-provider-tools/client'
import * as oauth from 'oauth4webapi'
import { exchange, type Trace } from '../client/http.ts'
import { refusedError, unavailableError } from '../errors.ts'
import { keepSecret } from '../output/masking.ts'
import { printable } from '../output/printable.ts'
import type { StoredIdentity, StoredToken } from './token-store.ts'

/** A client of Globus Auth: one with a secret, or a native application. */
export type OAuthClient = { clientId: string; clientSecret?: string }

/** Globus Auth, the client and the trace of a request for tokens. */
export type GrantOptions = { auth: URL; client: OAuthClient; trace: Trace }

/** The tokens of a grant, and their identity if it was requested. */
export type Granted = { tokens: StoredToken[]; identity?: StoredIdentity }

/** A login that has begun and waits for its code. */
export type PendingLogin = { url: URL; state: string; verifier: string; nonce: string; redirectUri: string }

/** Globus Auth no longer accepts this refresh token. */
export class LoginEnded extends Error {
  override readonly name = 'LoginEnded'
}

export type LoginRequest = {
  scope: string
  redirectUri: string
  /** The identity that must log in. */
  identity?: string | undefined
  /** The name under which users later find this consent. */
  label: string
}

/** Begins a login with an authorization code and PKCE (RFC 7636). Its URL is for a browser. */
export async function beginLogin(
  { auth, client }: GrantOptions,
  request: LoginRequest,
): Promise<PendingLogin> {
  const verifier = keepSecret(oauth.generateRandomCodeVerifier())
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
  const url = new URL(serverOf(auth).authorization_endpoint ?? '')
  url.search = new URLSearchParams({
    client_id: client.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scope,
    state,
    nonce,
    response_type: 'code',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    access_type: 'offline',
    prefill_named_grant: request.label,
    ...(request.identity !== undefined && { session_required_identities: request.identity }),
  }).toString()
  return { url, state, verifier, nonce, redirectUri: request.redirectUri }
}

/**
 * Exchanges the code of a login for tokens.
 *
 * @param answer the parameters of the redirect, or only the code if the user copied it
 * @throws CommandError if the login was refused, or is not the one that began
 */
export async function finishLogin(
  grantOptions: GrantOptions,
  pending: PendingLogin,
  answer: URLSearchParams,
): Promise<Granted> {
  return explainErrors(async () => {
    const as = serverOf(grantOptions.auth)
    const client = { client_id: grantOptions.client.clientId }
    const copied = !answer.has('state')
    const validated = oauth.validateAuthResponse(
      as,
      client,
      answer,
      copied ? oauth.expectNoState : pending.state,
    )
    keepSecret(validated.get('code') ?? '')
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      authentication(grantOptions.client),
      validated,
      pending.redirectUri,
      pending.verifier,
      options(grantOptions),
    )
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
      expectedNonce: pending.nonce,
      requireIdToken: true,
    })
    return granted(tokens, grantOptions.client)
  })
}

/** @throws LoginEnded if the refresh token or its consent was revoked */
export async function refreshGrant(grantOptions: GrantOptions, token: StoredToken): Promise<StoredToken> {
  const refreshed = await explainErrors(async () => {
    const as = serverOf(grantOptions.auth)
    const client = { client_id: token.client_id }
    const response = await oauth.refreshTokenGrantRequest(
      as,
      client,
      authentication(grantOptions.client),
      token.refresh_token ?? '',
      options(grantOptions),
    )
    return granted(await oauth.processRefreshTokenResponse(as, client, response), grantOptions.client)
  })
  const [fresh] = refreshed.tokens
  if (fresh === undefined) throw new LoginEnded('Globus Auth gave no token')
  return { ...token, ...fresh }
}

/** Gets the tokens of a client that acts as itself. */
export async function clientCredentialsGrant(
  grantOptions: GrantOptions,
  scope: string,
): Promise<StoredToken[]> {
  const { tokens } = await explainErrors(async () => {
    const as = serverOf(grantOptions.auth)
    const client = { client_id: grantOptions.client.clientId }
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      authentication(grantOptions.client),
      { scope },
      options(grantOptions),
    )
    return granted(await oauth.processClientCredentialsResponse(as, client, response), grantOptions.client)
  })
  return tokens
}

/** Revokes a token. Revoking a refresh token also revokes the tokens that came from it. */
export async function revoke(grantOptions: GrantOptions, token: string): Promise<void> {
  await explainErrors(async () => {
    const as = serverOf(grantOptions.auth)
    const client = { client_id: grantOptions.client.clientId }
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(
        as,
        client,
        authentication(grantOptions.client),
        token,
        options(grantOptions),
      ),
    )
  })
}

function serverOf(auth: URL): oauth.AuthorizationServer {
  return {
    issuer: auth.href.replace(/\/$/, ''),
    authorization_endpoint: new URL('v2/oauth2/authorize', auth).href,
    token_endpoint: new URL('v2/oauth2/token', auth).href,
    revocation_endpoint: new URL('v2/oauth2/token/revoke', auth).href,
    id_token_signing_alg_values_supported: ['RS512', 'RS256'],
  }
}

/** Globus takes client ids and secrets unencoded, although RFC 6749 requires form encoding. */
function authentication({ clientId, clientSecret }: OAuthClient): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None()
  return (_server, _client, _body, headers) => {
    headers.set('authorization', basicAuthorization(clientId, clientSecret))
  }
}

/** The value of an Authorization header for a client's id and secret. */
export function basicAuthorization(clientId: string, clientSecret: string): string {
  keepSecret(clientSecret)
  return `Basic ${keepSecret(Buffer.from(`${clientId}:${clientSecret}`).toString('base64'))}`
}

function options({ auth, trace }: GrantOptions): oauth.TokenEndpointRequestOptions {
  return {
    [oauth.customFetch]: async (url, { method, headers, body }) => {
      const answer = await exchange(
        {
          method: method as 'POST',
          url: new URL(url),
          headers: {
            ...Object.fromEntries(new Headers(headers)),
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: String(body),
        },
        trace,
      )
      const kept = ['content-type', 'www-authenticate'].flatMap((name) => {
        const value = answer.headers.get(name)
        return value === null ? [] : [[name, value] as [string, string]]
      })
      return new Response(JSON.stringify(answer.json), { status: answer.status, headers: kept })
    },
    [oauth.allowInsecureRequests]: isLoopback(auth.hostname),
  }
}

/** One token for each resource server: Globus puts all but one into `other_tokens`. */
function granted(answer: oauth.TokenEndpointResponse, client: OAuthClient): Granted {
  const others = Array.isArray(answer.other_tokens) ? answer.other_tokens : []
  const claims = oauth.getValidatedIdTokenClaims(answer)
  const identity = claims && {
    sub: claims.sub,
    ...textField(claims, 'preferred_username', 'username'),
    ...textField(claims, 'name', 'name'),
    ...textField(claims, 'email', 'email'),
  }
  return {
    tokens: [answer, ...others].flatMap((token) => stored(token as Record<string, unknown>, client)),
    ...(identity && { identity }),
  }
}

function textField(
  claims: oauth.IDToken,
  claim: string,
  name: keyof StoredIdentity,
): Partial<StoredIdentity> {
  const value = claims[claim]
  return typeof value === 'string' ? { [name]: value } : {}
}

function stored(token: Record<string, unknown>, { clientId }: OAuthClient): StoredToken[] {
  const { access_token, refresh_token, scope, resource_server, expires_in } = token
  if (typeof access_token !== 'string' || typeof scope !== 'string') return []
  keepSecret(access_token)
  return [
    {
      access_token,
      ...(typeof refresh_token === 'string' && { refresh_token: keepSecret(refresh_token) }),
      scope,
      resource_server: String(resource_server),
      expires_at: Date.now() + (typeof expires_in === 'number' ? expires_in : 0) * 1000,
      client_id: clientId,
    },
  ]
}

/** Turns errors of Globus Auth into messages that say what to do. */
async function explainErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      throw refusedError(
        `The login was refused (${words(error)}): log in again, and allow what is asked`,
        error,
      )
    }
    const code = errorCode(error)
    if (code === 'invalid_grant') throw new LoginEnded(code, { cause: error })
    if (code === 'invalid_client' || code === 'unauthorized_client') {
      throw refusedError(
        `Globus Auth does not know this client (${code}): check GLOBUS_NATIVE_CLIENT_ID, or GLOBUS_CLIENT_ID and GLOBUS_CLIENT_SECRET`,
        error,
      )
    }
    if (code === 'invalid_scope') {
      throw refusedError('Globus Auth does not know this scope (invalid_scope): check --action-scope', error)
    }
    if (code !== undefined) throw refusedError(`Globus Auth refuses (${code}): log in again`, error)
    if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
      throw unavailableError(
        `Globus Auth gave an invalid answer (${printable(error.message)}): try again later`,
        error,
      )
    }
    throw error
  }
}

function words({ error, error_description }: oauth.AuthorizationResponseError): string {
  return printable(error_description === undefined ? error : `${error}: ${error_description}`)
}

/** The OAuth error code of an answer (RFC 6749, section 5.2). */
function errorCode(error: unknown): string | undefined {
  if (error instanceof oauth.ResponseBodyError) return printable(error.error)
  if (error instanceof oauth.WWWAuthenticateChallengeError) return 'invalid_client'
  return undefined
}

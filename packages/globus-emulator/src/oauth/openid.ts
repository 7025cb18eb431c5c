import { createHash, generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose'
import { identityProviders, identitySet } from '../state/identities.ts'
import { type Client, type Identity, type State, seconds } from '../state/state.ts'
import type { TokenDocument } from '../state/tokens.ts'

const setScope = 'urn:globus:auth:scope:auth.globus.org:view_identity_set'
const signatureAlgorithm = 'RS512'

/** What `GET /.well-known/openid-configuration` answers (OpenID Connect Discovery section 3). */
export function openidConfiguration(base: string): Record<string, unknown> {
  return {
    issuer: base,
    authorization_endpoint: `${base}/v2/oauth2/authorize`,
    userinfo_endpoint: `${base}/v2/oauth2/userinfo`,
    token_endpoint: `${base}/v2/oauth2/token`,
    revocation_endpoint: `${base}/v2/oauth2/token/revoke`,
    introspection_endpoint: `${base}/v2/oauth2/token/introspect`,
    jwks_uri: `${base}/jwk.json`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: [signatureAlgorithm],
    scopes_supported: ['openid', 'email', 'profile'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    claims_supported: [
      'at_hash',
      'aud',
      'email',
      'exp',
      'name',
      'nonce',
      'preferred_username',
      'iat',
      'iss',
      'sub',
    ],
    subject_types_supported: ['public'],
  }
}

/** The public key with which clients check id tokens. */
export async function publicKey(state: State): Promise<JWK> {
  const { kty, n, e } = signingKey(state)
  const key = { kty, n, e } as JWK
  return { ...key, alg: signatureAlgorithm, use: 'sig', kid: await calculateJwkThumbprint(key) }
}

/** The id token, which names the user to a client that asked for `openid` (OpenID Connect Core section 2). */
export async function idToken(
  state: State,
  issuer: string,
  login: { client: Client; identity: string; nonce: string | null; authTime: number; token: TokenDocument },
): Promise<string> {
  const identity = state.identities.get(login.identity)
  if (!identity) throw new Error(`the identity ${login.identity} is gone`)
  return new SignJWT({
    ...userClaims(state, identity, login.token.scope.split(' '), login.authTime),
    at_hash: accessTokenHash(login.token.access_token),
    ...(login.nonce === null ? {} : { nonce: login.nonce }),
  })
    .setProtectedHeader({ alg: signatureAlgorithm, typ: 'JWT', kid: (await publicKey(state)).kid ?? '' })
    .setIssuer(issuer)
    .setAudience(login.client.id)
    .setIssuedAt(seconds())
    .setExpirationTime(seconds() + login.token.expires_in)
    .sign(await importJWK(signingKey(state), signatureAlgorithm))
}

/** The claims about a user that these scopes give (OpenID Connect Core section 5.4). */
export function userClaims(
  state: State,
  identity: Identity,
  scopes: readonly string[],
  authTime: number | null,
): Record<string, unknown> {
  const profile = scopes.includes('profile')
  const email = scopes.includes('email')
  return {
    sub: identity.id,
    ...(profile
      ? {
          name: identity.name,
          preferred_username: identity.username,
          organization: identity.organization,
          ...provider(state, identity),
        }
      : {}),
    ...(email ? { email: identity.email } : {}),
    last_authentication: authTime,
    ...(profile || scopes.includes(setScope)
      ? {
          identity_set: identitySet(state, identity).map((linked) => ({
            sub: linked.id,
            username: linked.username,
            name: linked.name,
            organization: linked.organization,
            ...provider(state, linked),
            ...(email ? { email: linked.email } : {}),
            last_authentication: linked === identity ? authTime : null,
          })),
        }
      : {}),
  }
}

function provider(state: State, { identity_provider }: Identity): Record<string, string | undefined> {
  const name = identityProviders(state).find(({ id }) => id === identity_provider)?.name
  return { identity_provider, identity_provider_display_name: name }
}

/** Made when it is first needed: that takes longer than the rest of the start. */
function signingKey(state: State): JWK {
  state.signingKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    format: 'jwk',
  }) as JWK
  return state.signingKey
}

/** Binds an id token to the access token that comes with it (OpenID Connect Core section 3.1.3.6). */
function accessTokenHash(accessToken: string): string {
  return createHash('sha512').update(accessToken).digest().subarray(0, 32).toString('base64url')
}

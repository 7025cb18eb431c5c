import { createHash, generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint, importJWK, type JWK, SignJWT } from 'jose'
import type { Client, State } from '../state/state.ts'
import { seconds } from '../state/state.ts'
import type { TokenDocument } from '../state/tokens.ts'
import { userClaims } from './claims.ts'

/** What Globus Auth signs with. */
export const signatureAlgorithm = 'RS512'

/** The public key that id tokens are checked with. */
export async function publicKey(state: State): Promise<JWK> {
  const { kty, n, e } = signingKey(state)
  const key = { kty, n, e } as JWK
  return { ...key, alg: signatureAlgorithm, use: 'sig', kid: await calculateJwkThumbprint(key) }
}

/** Says who logged in, to the client that asked for `openid` (OpenID Connect Core section 2). */
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

/** Made when first needed: it takes longer than all the rest of a start. */
function signingKey(state: State): JWK {
  state.signingKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    format: 'jwk',
  }) as JWK
  return state.signingKey
}

/** Binds an id token to the access token beside it (OpenID Connect Core section 3.1.3.6). */
function accessTokenHash(accessToken: string): string {
  return createHash('sha512').update(accessToken).digest().subarray(0, 32).toString('base64url')
}

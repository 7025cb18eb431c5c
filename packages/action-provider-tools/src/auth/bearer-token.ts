/** Bearer tokens (RFC 6750): their form, and how they are refused. */
import { hash } from 'node:crypto'
import { ForbiddenRequest, UnauthorizedRequest } from '../errors.ts'
import type { AuthState } from './auth.ts'

const longestToken = 2048

/** The form of a token, as a pattern of JSON Schema (RFC 6750, section 2.1). */
export const TOKEN_PATTERN = '^[A-Za-z0-9._~+/-]+=*$'
const b64token = new RegExp(TOKEN_PATTERN)

/** `Authorization: Bearer …`. The scheme's case does not matter (RFC 9110, section 11.1). */
const AUTHORIZATION = /^Bearer +(\S+) *$/i

/**
 * The bearer token of a request. The Auth checks its form.
 * @throws UnauthorizedRequest if there is none
 */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined) throw new UnauthorizedRequest()
  const token = AUTHORIZATION.exec(authorization)?.[1]
  if (token === undefined) {
    throw invalidToken('The Authorization header is malformed: send "Authorization: Bearer <token>"')
  }
  return token
}

/**
 * Refuses a malformed token (RFC 6750, section 2.1), without a call to Globus Auth.
 * @throws UnauthorizedRequest
 */
export function assertBearerToken(token: string): void {
  if (token.length > longestToken || !b64token.test(token)) {
    throw invalidToken(
      'This is no bearer token: send "Authorization: Bearer <token>" with a Globus access token',
    )
  }
}

/** The cache key of a token: its SHA-256, which cannot be used as a token. */
export function tokenKey(token: string): string {
  return hash('sha256', token, 'base64')
}

/** The error for a token that is malformed, inactive, expired or revoked (RFC 6750, section 3.1). */
export function invalidToken(
  description = 'This token is expired, revoked or unknown to Globus Auth: get a new one',
): UnauthorizedRequest {
  return new UnauthorizedRequest(description, {
    headers: { 'www-authenticate': 'Bearer realm="action-provider", error="invalid_token"' },
  })
}

/** The error for work whose caller's refresh token has ended. */
export function consentWithdrawn(): UnauthorizedRequest {
  return new UnauthorizedRequest('The consent behind this work was withdrawn or has expired: log in again')
}

/** The error for refreshing a dependent token that has no refresh token. */
export function notRefreshable(): UnauthorizedRequest {
  return new UnauthorizedRequest('This token has expired and cannot be refreshed: log in again')
}

/**
 * Checks that a token has the provider's scope or any one of the additional ones (interface, "Tokens").
 * @throws ForbiddenRequest with `error="insufficient_scope"`
 */
export function assertScope(
  caller: AuthState,
  scope: string,
  additionalScopes: readonly string[] = [],
): void {
  if (caller.scopes.has(scope) || additionalScopes.some((additional) => caller.scopes.has(additional))) return
  throw new ForbiddenRequest(`This token lacks the scope ${scope}: log in again and ask for it`, {
    headers: {
      'www-authenticate': `Bearer realm="action-provider", error="insufficient_scope", scope="${scope}"`,
    },
  })
}

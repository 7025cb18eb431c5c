import { createHash } from 'node:crypto'
import { oauthError, ServiceError } from '../errors.ts'
import { isLoopback } from '../request.ts'
import { isNative, isPublic } from '../state/clients.ts'
import { parseScopes, type ScopeTree } from '../state/scope-grammar.ts'
import { expandScopes, type RequestedScope, resolveScopes } from '../state/scopes.ts'
import { sameSecret } from '../state/secrets.ts'
import type { Client, State } from '../state/state.ts'

/** The page that shows the code of a native application, to be copied by hand. */
export const authCodePage = '/v2/web/auth-code'

/** Another way to ask for refresh tokens, and no scope of any client (OpenID Connect Core section 11). */
const offlineScope = 'offline_access'

/** The request with which a client sends the browser of a user to the authorize endpoint, checked. */
export type AuthorizationRequest = {
  client: Client
  redirectUri: string
  /** All that the user has to consent to. */
  scopes: RequestedScope[]
  state: string | null
  nonce: string | null
  challenge: string | null
  offline: boolean
  prompt: Set<string>
  /** The name that the client suggests for this consent. */
  label: string
  session: { message: string | null; identities: string[]; domains: string[] }
}

/** The request names no client, or an address that the client may not use: the browser must not go there. */
export class UnsafeRequest extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'UnsafeRequest'
  }
}

/** The error of a request, which its client gets at its redirect URI (RFC 6749 section 4.1.2.1). */
export class RefusedRequest extends Error {
  readonly location: string

  constructor(redirectUri: string, state: string | null, error: string, description: string) {
    super(description)
    this.name = 'RefusedRequest'
    this.location = withParameters(redirectUri, { error, error_description: description, state })
  }
}

/**
 * Reads the parameters of `GET /v2/oauth2/authorize`.
 *
 * @throws UnsafeRequest, RefusedRequest
 */
export function readAuthorizationRequest(
  state: State,
  parameters: URLSearchParams,
  base: string,
): AuthorizationRequest {
  const value = (name: string): string | null => parameters.get(name) || null
  const client = state.clients.get(value('client_id') ?? '')
  if (!client) throw new UnsafeRequest('The parameter client_id names no client that is registered here.')
  const redirectUri = value('redirect_uri')
  if (redirectUri === null) throw new UnsafeRequest('The parameter redirect_uri is missing.')
  if (!mayRedirect(state, client, redirectUri, base)) {
    throw new UnsafeRequest(`${redirectUri} is not among the redirect URIs that ${client.name} registered.`)
  }

  const refuse = (error: string, description: string): RefusedRequest =>
    new RefusedRequest(redirectUri, value('state'), error, description)
  const repeated = [...new Set(parameters.keys())].find((name) => parameters.getAll(name).length > 1)
  if (repeated !== undefined) throw refuse('invalid_request', `the parameter ${repeated} is repeated`)
  if (value('response_type') !== 'code')
    throw refuse('unsupported_response_type', 'response_type must be code')
  const challenge = value('code_challenge')
  if (challenge === null && isPublic(client)) {
    throw refuse('invalid_request', 'a native client must send a code_challenge')
  }
  if (challenge !== null && (value('code_challenge_method') !== 'S256' || !isChallenge(challenge))) {
    throw refuse(
      'invalid_request',
      'code_challenge must be the S256 of a verifier, and code_challenge_method S256',
    )
  }
  const scopes = scopesOf(state, value('scope') ?? '', refuse)
  return {
    client,
    redirectUri,
    scopes,
    state: value('state'),
    nonce: value('nonce'),
    challenge,
    offline: value('access_type') === 'offline' || value('scope')?.split(' ').includes(offlineScope) === true,
    prompt: new Set(value('prompt')?.split(' ')),
    label: value('prefill_named_grant') ?? '',
    session: {
      message: value('session_message'),
      identities: value('session_required_identities')?.split(',') ?? [],
      domains: value('session_required_single_domain')?.split(',') ?? [],
    },
  }
}

/** Adds these parameters to an address, without those that are `null`. */
export function withParameters(address: string, parameters: Record<string, string | null>): string {
  const uri = new URL(address)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) uri.searchParams.set(name, value)
  }
  return uri.href
}

/** @throws ServiceError 400 `invalid_scope` for what is not a list of scopes */
export function requestedScopes(text: string): ScopeTree[] {
  return invalidScopeOnError(() => parseScopes(text))
}

/**
 * @throws ServiceError 400 `invalid_scope` for a malformed list, an empty one, or a scope nobody registered
 */
export function knownScopes(state: State, text: string): RequestedScope[] {
  const trees = requestedScopes(text).filter(({ scope }) => scope !== offlineScope)
  if (trees.length === 0) throw oauthError('invalid_scope', 'no scope was asked for')
  return invalidScopeOnError(() => resolveScopes(state, trees))
}

/** Whether the challenge was made from this verifier, by the method S256 (RFC 7636 section 4.6). */
export function verifies(verifier: string | undefined, challenge: string | null): boolean {
  if (challenge === null) return verifier === undefined
  if (verifier === undefined || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  return sameSecret(createHash('sha256').update(verifier).digest('base64url'), challenge)
}

function isChallenge(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

function scopesOf(
  state: State,
  text: string,
  refuse: (error: string, description: string) => RefusedRequest,
): RequestedScope[] {
  try {
    return expandScopes(state, knownScopes(state, text))
  } catch (error) {
    if (error instanceof ServiceError) throw refuse('invalid_scope', error.message)
    throw error
  }
}

function invalidScopeOnError<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw oauthError('invalid_scope', error instanceof Error ? error.message : String(error))
  }
}

/**
 * Whether a client may send users to this address. It may if it has registered exactly that address. A native
 * application may also use the page that shows codes, and any port of this machine (RFC 8252 section 7.3):
 * with a path that it registered for loopback, or with any path if it registered none.
 *
 * @param base the address of the emulator
 */
function mayRedirect(state: State, client: Client, redirectUri: string, base: string): boolean {
  if (client.redirect_uris.includes(redirectUri)) return true
  const uri = URL.parse(redirectUri)
  if (!uri || !isNative(state, client) || !isLoopbackUri(uri)) return false
  if (uri.port === new URL(base).port) return uri.pathname === authCodePage && uri.search === ''
  const registered = client.redirect_uris.flatMap((text) => URL.parse(text) ?? []).filter(isLoopbackUri)
  return registered.length === 0 || registered.some((other) => sameButPort(other, uri))
}

function isLoopbackUri(uri: URL): boolean {
  return (
    uri.protocol === 'http:' &&
    isLoopback(uri.hostname) &&
    uri.hash === '' &&
    uri.username + uri.password === ''
  )
}

function sameButPort(one: URL, other: URL): boolean {
  return one.hostname === other.hostname && one.pathname === other.pathname && one.search === other.search
}

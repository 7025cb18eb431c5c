import { ServiceError } from '../errors.ts'
import { isPublic } from '../state/clients.ts'
import { expandScopes } from '../state/consents.ts'
import type { RequestedScope } from '../state/scopes.ts'
import type { Client, State } from '../state/state.ts'
import { isChallenge } from './pkce.ts'
import { mayRedirect } from './redirect-uri.ts'
import { knownScopes, offlineScope } from './requested-scopes.ts'

/** What a client sends a user's browser with, checked. */
export type AuthorizationRequest = {
  client: Client
  redirectUri: string
  /** Everything that has to be consented to. */
  scopes: RequestedScope[]
  state: string | null
  nonce: string | null
  challenge: string | null
  offline: boolean
  prompt: Set<string>
  /** What the client suggests the user call this login. */
  label: string
  session: { message: string | null; identities: string[]; domains: string[] }
}

/** A request that names no client, or an address that is not the client's: nobody may be sent there. */
export class UnsafeRequest extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'UnsafeRequest'
  }
}

/** A faulty request whose sender can be told at its address (RFC 6749 section 4.1.2.1). */
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
  if (!mayRedirect(client, redirectUri, base)) {
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

/** The address with these parameters added, those that are `null` left out. */
export function withParameters(address: string, parameters: Record<string, string | null>): string {
  const uri = new URL(address)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) uri.searchParams.set(name, value)
  }
  return uri.href
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

import type { Endpoint } from '../endpoints.ts'
import type { Fault } from '../faults.ts'
import type { Registered, Registration } from '../state/registration.ts'
import type { TokenDocument } from '../state/tokens.ts'

export type User = {
  username: string
  /** The user name without its domain. */
  short_name: string
  name: string
  id: string
  urn: string
  email: string | null
  /** Ids of the user's linked identities, their own first. */
  identity_set: string[]
}

export type UserGroup = {
  name: string
  id: string
  urn: string
  members: { username: string; role: string; status: string }[]
}

export type TokenOrder = {
  /** User name, the part before its `@`, or an identity's id. */
  username: string
  /** A scope string, which may name dependents (`A[B]`), or several. */
  scope: string | string[]
  /** Who the token is issued to; the command line's client without it. */
  client_id?: string
  /** Seconds the token lives. */
  expires_in?: number
  /** `offline`: a refresh token too. */
  access_type?: 'online' | 'offline'
  /** `false`: consent for the scope alone, and for nothing it depends on. */
  consents?: boolean
}

export type ConsentOrder = {
  username: string
  scope: string | string[]
  /** The client that may use the scopes; the command line's without it. */
  client_id?: string
}

/** Which consents: all of a user's without `scope` and `client_id`. */
export type ConsentQuery = { username: string; scope?: string; client_id?: string }

export type ConsentSummary = {
  id: number
  client: string
  scope: string
  /** The scopes from the top to this one. */
  path: string[]
  atomically_revocable: boolean
}

/** Everything that tests and development ask of an emulator beside Globus's own interface. */
export type Administration = {
  /** Registers a client with its scopes. Who registers again, by name or client_id, gets the same answer. */
  register(registration: Registration): Promise<Registered>
  users(): Promise<User[]>
  groups(): Promise<UserGroup[]>
  /** An access token without anybody logging in; consent is recorded as if they had. */
  issueToken(order: TokenOrder): Promise<string>
  /** The same as documents, one a resource server, with refresh tokens when `access_type` is `offline`. */
  issueTokens(order: TokenOrder): Promise<TokenDocument[]>
  revoke(token: { token: string }): Promise<void>
  /** Ends the life of access tokens as time would, and leaves refresh tokens. */
  expire(whose: { username?: string }): Promise<void>
  consent(order: ConsentOrder): Promise<void>
  consents(query: ConsentQuery): Promise<ConsentSummary[]>
  /** Takes consents back, with the tokens that rest on them. */
  rescind(query: ConsentQuery): Promise<void>
  setFault(fault: Fault): Promise<void>
  /** Clears the faults of one endpoint, or all. */
  clearFaults(of?: { endpoint?: Endpoint | '*' }): Promise<void>
  faults(): Promise<Fault[]>
  /** How often each endpoint was asked since the start or the last reset. */
  requests(): Promise<Record<Endpoint, number>>
  /** Changes the life of the access tokens issued from now on. */
  setTokenLifetime(lifetime: { seconds: number }): Promise<void>
  /** Forgets tokens, consents, logins, faults and counters. Users, groups, clients and scopes stay. */
  reset(): Promise<void>
}

/** Every operation there is: what the HTTP form offers, and nothing else. */
export const operationNames = [
  'register',
  'users',
  'groups',
  'issueToken',
  'issueTokens',
  'revoke',
  'expire',
  'consent',
  'consents',
  'rescind',
  'setFault',
  'clearFaults',
  'faults',
  'requests',
  'setTokenLifetime',
  'reset',
] as const satisfies readonly (keyof Administration)[]

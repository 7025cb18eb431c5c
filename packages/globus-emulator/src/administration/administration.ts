import { type Static, type TSchema, Type } from 'typebox'
import { type Endpoint, Fault } from '../faults.ts'
import { type Registered, Registration } from '../state/registration.ts'
import type { TokenDocument } from '../state/tokens.ts'

export type User = {
  username: string
  /** The user name without its domain. */
  short_name: string
  name: string
  id: string
  urn: string
  email: string | null
  /** The ids of the linked identities of the user, the user's own first. */
  identity_set: string[]
}

export type UserGroup = {
  name: string
  id: string
  urn: string
  members: { username: string; role: string; status: string }[]
}

export type ConsentSummary = {
  id: number
  client: string
  scope: string
  /** The scopes from the root to this one. */
  path: string[]
  atomically_revocable: boolean
}

const closed = { additionalProperties: false }

const who = {
  /** User name, the part before its `@`, or the id of an identity. */
  username: Type.String(),
  /** The client that gets the token or uses the scopes; the command line's without it. */
  client_id: Type.Optional(Type.String()),
}
/** A scope string, which may name dependents (`A[B]`), or several. */
const scope = Type.Union([Type.String(), Type.Array(Type.String())])

const TokenOrder = Type.Object(
  {
    ...who,
    scope,
    /** Seconds that the token lives. */
    expires_in: Type.Optional(Type.Number()),
    /** `offline`: a refresh token too. */
    access_type: Type.Optional(Type.Enum(['online', 'offline'])),
    /** `false`: record consent only for the scope, not for its dependents. */
    consents: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type TokenOrder = Static<typeof TokenOrder>

const ConsentOrder = Type.Object({ ...who, scope }, closed)
export type ConsentOrder = Static<typeof ConsentOrder>

/** Which consents: all of a user without `scope` and `client_id`. */
const ConsentQuery = Type.Object({ ...who, scope: Type.Optional(Type.String()) }, closed)
export type ConsentQuery = Static<typeof ConsentQuery>

/** The functions of an emulator beside the interface of Globus, for tests and development. */
export type Administration = {
  /** Registers a client with its scopes. Who registers again, by name or client_id, gets the same answer. */
  register(registration: Registration): Promise<Registered>
  users(): Promise<User[]>
  groups(): Promise<UserGroup[]>
  /** Issues an access token and records the consent, as if the user had logged in. */
  issueToken(order: TokenOrder): Promise<string>
  /**
   * The same as documents, one for each resource server, with refresh tokens when `access_type` is `offline`.
   */
  issueTokens(order: TokenOrder): Promise<TokenDocument[]>
  revoke(token: { token: string }): Promise<void>
  /** Lets access tokens expire now. Refresh tokens stay. */
  expire(whose: { username?: string }): Promise<void>
  consent(order: ConsentOrder): Promise<void>
  consents(query: ConsentQuery): Promise<ConsentSummary[]>
  /** Rescinds consents. The tokens that need them no longer count. */
  rescind(query: ConsentQuery): Promise<void>
  setFault(fault: Fault): Promise<void>
  /** Clears the faults of one endpoint, or all. */
  clearFaults(of?: { endpoint?: Endpoint | '*' }): Promise<void>
  faults(): Promise<Fault[]>
  /** How many requests each endpoint got since the start or the last reset. */
  requests(): Promise<Record<Endpoint, number>>
  /** Sets the lifetime of the access tokens issued from now on. */
  setTokenLifetime(lifetime: { seconds: number }): Promise<void>
  /** Removes tokens, consents, logins, faults and counts. Users, groups, clients and scopes stay. */
  reset(): Promise<void>
}

const Nothing = Type.Object({})

/** Every operation, with its argument. */
export const operations: Record<keyof Administration, TSchema> = {
  register: Registration,
  users: Nothing,
  groups: Nothing,
  issueToken: TokenOrder,
  issueTokens: TokenOrder,
  revoke: Type.Object({ token: Type.String() }, closed),
  expire: Type.Object({ username: Type.Optional(Type.String()) }, closed),
  consent: ConsentOrder,
  consents: ConsentQuery,
  rescind: ConsentQuery,
  setFault: Fault,
  clearFaults: Type.Object({ endpoint: Type.Optional(Fault.properties.endpoint) }, closed),
  faults: Nothing,
  requests: Nothing,
  setTokenLifetime: Type.Object({ seconds: Type.Number({ exclusiveMinimum: 0 }) }, closed),
  reset: Nothing,
}

/** The answer to `GET /emulator`. */
export type EmulatorInfo = { emulator: 'globus'; version: string }

/**
 * The administration of an emulator in another process.
 *
 * @param url the address of that emulator
 * @example const { client_id } = await connectEmulator('http://127.0.0.1:5001').register({ name: 'mine' })
 */
export function connectEmulator(url: string): Administration {
  const operation = (name: string) => async (argument?: unknown) => {
    const response = await fetch(new URL(`/emulator/${name}`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(argument ?? {}),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(errorText(answer) ?? `${url} answered ${response.status}`)
    return answer
  }
  return Object.fromEntries(Object.keys(operations).map((name) => [name, operation(name)])) as Administration
}

/** Describes the emulator at this address; `undefined` if there is none. */
export async function findEmulator(url: string): Promise<EmulatorInfo | undefined> {
  try {
    const response = await fetch(new URL('/emulator', url), { signal: AbortSignal.timeout(2000) })
    const answer = (await response.json()) as Partial<EmulatorInfo> | null
    return answer?.emulator === 'globus' ? { emulator: 'globus', version: String(answer.version) } : undefined
  } catch {
    return undefined
  }
}

function errorText(answer: unknown): string | undefined {
  const { error } = (answer ?? {}) as { error?: unknown }
  return typeof error === 'string' ? error : undefined
}

import { createHash } from 'node:crypto'
import { groupURN, identityURN, isGroup, type PrincipalURN } from '../documents/principal.ts'

/** A made-up caller and the token they call with. */
export type FakeCaller = {
  /** The bearer token. */
  readonly token: string
  /** The value of an `Authorization` header. */
  readonly authorization: string
  readonly username: string
  /** The effective identity. */
  readonly urn: PrincipalURN
  readonly identities: readonly PrincipalURN[]
  readonly groups: readonly PrincipalURN[]
  readonly scopes: readonly string[]
}

export type FakeCallerOptions = {
  username: string
  /** Their full name. Default: the user name. */
  name?: string
  /** Linked identities besides the caller's own: user names or URNs. */
  identities?: readonly string[]
  /** Groups the caller is in: any names, or URNs. */
  groups?: readonly string[]
  /** The scopes of the token. Default: the provider's. */
  scopes?: readonly string[]
  /**
   * The scopes of other services to which the person consents. Default: those of earlier callers of this
   * name.
   */
  consents?: readonly string[]
  /** When the token expires, in milliseconds since 1970. Default: in 48 hours. */
  expiresAt?: number
}

/**
 * The URN of a made-up user, the same in every run.
 * @example fakeIdentity('alice') === fakeAuth().caller({ username: 'alice' }).urn
 */
export function fakeIdentity(username: string): PrincipalURN {
  return username.startsWith('urn:') ? username : identityURN(nameBasedUuid(`identity ${username}`))
}

/**
 * The URN of a made-up group, the same in every run.
 * @example fakeAuth().caller({ username: 'alice', groups: ['staff'] }).groups[0] === fakeGroup('staff')
 */
export function fakeGroup(name: string): PrincipalURN {
  return isGroup(name) ? name : groupURN(nameBasedUuid(`group ${name}`))
}

/**
 * A UUID made from a name: version 8, because it uses neither a registered namespace nor SHA-1 (RFC 9562,
 * section 5.8).
 */
function nameBasedUuid(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16)
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

import { ALL_AUTHENTICATED_USERS, isGroup, type PrincipalURN, PUBLIC } from '../documents/principal.ts'
import { rememberSecret, rememberToken } from '../log.ts'
import type { AuthState, DependentToken } from './auth.ts'

/** What the token alone tells about a caller. */
export type Caller = {
  effectiveIdentity: PrincipalURN
  username: string | undefined
  name: string | undefined
  identities: ReadonlySet<PrincipalURN>
  scopes: ReadonlySet<string>
  expiresAt: number
  token: string
}

/** What is looked up about a caller when it is needed. */
type CallerLookups = {
  /** The caller's groups, if they are cached. */
  knownGroups(): ReadonlySet<PrincipalURN> | undefined
  groups(): Promise<ReadonlySet<PrincipalURN>>
  dependentToken(scope: string): Promise<DependentToken>
}

/** Makes the AuthState of a caller. `lookups` adds what the token does not tell. */
export function createAuthState(caller: Caller, lookups: CallerLookups): AuthState {
  return new CallerAuthState(caller, lookups)
}

class CallerAuthState implements AuthState {
  readonly effectiveIdentity: PrincipalURN
  readonly username: string | undefined
  readonly name: string | undefined
  readonly identities: ReadonlySet<PrincipalURN>
  readonly scopes: ReadonlySet<string>
  readonly expiresAt: number
  // Private, so that neither an inspected nor a serialized AuthState shows the token.
  readonly #token: string
  readonly #lookups: CallerLookups

  constructor(caller: Caller, lookups: CallerLookups) {
    this.effectiveIdentity = caller.effectiveIdentity
    this.username = caller.username
    this.name = caller.name
    this.identities = caller.identities
    this.scopes = caller.scopes
    this.expiresAt = caller.expiresAt
    this.#token = caller.token
    rememberSecret(caller.token)
    this.#lookups = lookups
  }

  get token(): string {
    return this.#token
  }

  groups(): Promise<ReadonlySet<PrincipalURN>> {
    return this.#lookups.groups()
  }

  async principals(): Promise<ReadonlySet<PrincipalURN>> {
    return new Set([...this.identities, ...(await this.groups())])
  }

  checkAuthorization(
    allowed: Iterable<string>,
    options: { allowPublic?: boolean; allowAllAuthenticatedUsers?: boolean } = {},
  ): Promise<boolean> | boolean {
    const allowedGroups: string[] = []
    for (const principal of allowed) {
      if (principal === PUBLIC && options.allowPublic) return true
      if (principal === ALL_AUTHENTICATED_USERS && options.allowAllAuthenticatedUsers) return true
      if (this.identities.has(principal)) return true
      if (isGroup(principal)) allowedGroups.push(principal)
    }
    if (allowedGroups.length === 0) return false

    const isMember = (groups: ReadonlySet<PrincipalURN>): boolean =>
      allowedGroups.some((group) => groups.has(group))
    const known = this.#lookups.knownGroups()
    return known === undefined ? this.groups().then(isMember) : isMember(known)
  }

  async dependentToken(scope: string): Promise<DependentToken> {
    const token = await this.#lookups.dependentToken(scope)
    rememberToken(token)
    return token
  }
}

import type { PrincipalURN } from '../documents/principal.ts'

/** Who a caller is and what their token can do. Made from a bearer token by an Auth. */
export type AuthState = {
  /** The identity the caller acts as: the token's `sub`, as a URN. */
  readonly effectiveIdentity: PrincipalURN
  readonly username: string | undefined
  /** Their full name, if Globus knows it. */
  readonly name: string | undefined
  /** All linked identities, as URNs. */
  readonly identities: ReadonlySet<PrincipalURN>
  /** The scopes of the token. */
  readonly scopes: ReadonlySet<string>
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresAt: number
  /** The bearer token itself. It is not enumerable, so that no log or inspection of an AuthState shows it. */
  readonly token: string

  /**
   * The groups of which the caller is an active member, as URNs; empty if the scope has no Groups dependency.
   * @throws ServiceUnavailable when Globus Auth or Groups cannot say.
   */
  groups(): Promise<ReadonlySet<PrincipalURN>>

  /** Identities and groups. @throws ServiceUnavailable as `groups` does. */
  principals(): Promise<ReadonlySet<PrincipalURN>>

  /**
   * Whether any of the caller's principals is allowed. Groups are looked up only when `allowed` has a group
   * and nothing else in it matches. Returns a promise only if it must ask Globus for them.
   * @param options whether `public` and `all_authenticated_users` count in this list; by default they do not
   * @throws ServiceUnavailable as `groups` does.
   */
  checkAuthorization(
    allowed: Iterable<string>,
    options?: { allowPublic?: boolean; allowAllAuthenticatedUsers?: boolean },
  ): Promise<boolean> | boolean

  /**
   * A token for another service, on the caller's behalf.
   * @throws ConsentRequired when the caller has not consented to it
   * @throws UnauthorizedRequest when the caller's own token is no longer valid
   * @throws ServiceUnavailable when Globus Auth cannot say
   */
  dependentToken(scope: string): Promise<DependentToken>
}

/** A token for another service, on a caller's behalf. */
export type DependentToken = {
  access_token: string
  scope: string
  resource_server: string
  /** Milliseconds since 1970. */
  expires_at: number
  refresh_token?: string
}

/**
 * Authenticates callers. `globusAuth` makes one for Globus, `fakeAuth` of `action-provider-tools/testing` one
 * for tests.
 */
export type Auth = {
  /** The provider's own scope, which its description announces. */
  readonly scope: string

  /** Where callers get their tokens: the base URL of Globus Auth (default: the production one). */
  readonly authUrl?: string

  /**
   * Authenticates a bearer token (interface, "Tokens"). If the answer is cached, it returns the AuthState or
   * throws at once; otherwise it returns a promise. `await` works for both.
   * @param bearerToken the token alone, without `Bearer`
   * @param additionalScopes scopes that are accepted like the provider's own: any one of them is enough
   * @param beforeAsking called before Globus is asked about a token that was not accepted before. It limits
   * guesses: if it throws, that is the answer and Globus is not asked. An Auth need not call it; refusals
   * count anyway
   * @throws UnauthorizedRequest for a token that is malformed, expired, revoked or unknown
   * @throws ForbiddenRequest for a token with none of the accepted scopes
   * @throws ServiceUnavailable when Globus Auth cannot say
   * @example
   * const caller = await auth.authenticate(token)
   * if (!(await caller.checkAuthorization(description.runnable_by))) throw new ForbiddenRequest('…')
   */
  authenticate(
    bearerToken: string,
    additionalScopes?: readonly string[],
    beforeAsking?: () => void,
  ): Promise<AuthState> | AuthState

  /**
   * A dependent token for a caller whose request is over, with a refresh token if Globus grants one.
   * @throws ConsentRequired, UnauthorizedRequest (the caller's token has expired), ServiceUnavailable
   */
  grantDependentToken(callerToken: string, scope: string): Promise<DependentToken>

  /**
   * A new access token for an expired dependent one.
   * @throws UnauthorizedRequest when the refresh token is no longer valid, ServiceUnavailable
   */
  refreshDependentToken(token: DependentToken): Promise<DependentToken>

  /** A key of 32 bytes for this provider's sealed state, used if no other is configured. */
  secretsKey(): Uint8Array

  /** Resolves when Globus Auth can be reached; rejects with ServiceUnavailable otherwise. */
  ping(): Promise<void>

  /** Empties the caches and aborts the calls under way. */
  close(): Promise<void>
}

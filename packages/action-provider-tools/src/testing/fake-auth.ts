import type { Auth, AuthState, DependentToken } from '../auth/auth.ts'
import { createAuthState } from '../auth/auth-state.ts'
import { assertBearerToken, assertScope, invalidToken } from '../auth/bearer-token.ts'
import { deriveSecretsKey } from '../auth/secrets-key.ts'
import { ConsentRequired, InvalidDefinition, ServiceUnavailable, UnauthorizedRequest } from '../errors.ts'
import { type FakeCaller, type FakeCallerOptions, fakeGroup, fakeIdentity } from './fake-caller.ts'

/** An Auth that knows the callers it has made up, and nobody else. */
export type FakeAuth = Auth & {
  /** Makes up a caller with a token. The same user name is the same person, each time with another token. */
  caller(options: FakeCallerOptions): FakeCaller
  /** Lets the caller's token reach its end. */
  expire(caller: FakeCaller): void
  /** Revokes the caller's token. */
  revoke(caller: FakeCaller): void
  /** Lets the caller consent to dependent tokens for a scope. */
  consent(caller: FakeCaller, scope: string): void
  /** Takes a consent back, with which its refresh tokens end too. */
  rescind(caller: FakeCaller, scope: string): void
  /** Makes whatever would need Globus fail as in an outage, until it is called with false. */
  outage(isOut: boolean): void
}

export type FakeAuthOptions = {
  /** The provider's scope. Default: a made-up one. */
  scope?: string
  /** The time, in milliseconds since 1970. Default `Date.now`. */
  clock?: () => number
}

type Known = { state: AuthState; consents: Set<string>; isActive: boolean }

const defaultScope = 'https://auth.globus.org/scopes/00000000-0000-4000-8000-000000000000/action_all'
const lifetime = 48 * 60 * 60 * 1000

/**
 * An Auth for tests, in place of `globusAuth`: it refuses and admits as that one does, by the same code, but asks nobody.
 *
 * @throws InvalidDefinition when NODE_ENV is `production`
 * @example
 * const auth = fakeAuth()
 * const alice = auth.caller({ username: 'alice', groups: ['staff'] })
 * // … register your provider with `auth` on `app` …
 * await app.inject({ method: 'POST', url: '/run', headers: { authorization: alice.authorization }, payload })
 */
export function fakeAuth({ scope = defaultScope, clock = Date.now }: FakeAuthOptions = {}): FakeAuth {
  if (process.env.NODE_ENV === 'production') {
    throw new InvalidDefinition(
      'fakeAuth lets made-up callers in: use globusAuth where NODE_ENV is production',
    )
  }
  const known = new Map<string, Known>()
  let isOut = false
  let tokensMade = 0

  const assertReachable = (): void => {
    if (isOut) throw new ServiceUnavailable('Globus Auth cannot be asked at the moment: try again later')
  }

  const findActive = (token: string): Known => {
    const found = known.get(token)
    if (!found?.isActive || found.state.expiresAt <= clock()) throw invalidToken()
    return found
  }

  const ownerOf = (caller: FakeCaller): Known => {
    const found = known.get(caller.token)
    if (found === undefined) throw new Error(`${caller.username} is a caller of another fakeAuth`)
    return found
  }

  const endToken = (caller: FakeCaller): void => {
    ownerOf(caller).isActive = false
  }

  const dependentToken = (token: string, wanted: string): DependentToken => {
    assertReachable()
    if (!findActive(token).consents.has(wanted)) throw new ConsentRequired(wanted)
    tokensMade += 1
    return {
      access_token: `fake-dependent-token-${tokensMade}`,
      scope: wanted,
      resource_server: 'fake.resource.server',
      expires_at: clock() + lifetime,
    }
  }

  return {
    scope,

    caller({ username, identities = [], groups = [], scopes = [scope], consents = [], expiresAt }) {
      tokensMade += 1
      const token = `fake-token-${username.replaceAll(/[^A-Za-z0-9._-]/g, '-')}-${tokensMade}`
      const urn = fakeIdentity(username)
      const caller: FakeCaller = {
        token,
        authorization: `Bearer ${token}`,
        username,
        urn,
        identities: [urn, ...identities.map(fakeIdentity)],
        groups: groups.map(fakeGroup),
        scopes,
      }
      const groupSet = new Set(caller.groups)
      const state = createAuthState(
        {
          effectiveIdentity: urn,
          username,
          identities: new Set(caller.identities),
          scopes: new Set(scopes),
          expiresAt: expiresAt ?? clock() + lifetime,
          token,
        },
        {
          knownGroups: () => (isOut ? undefined : groupSet),
          async groups() {
            assertReachable()
            return groupSet
          },
          dependentToken: async (wanted) => dependentToken(token, wanted),
        },
      )
      known.set(token, { state, consents: new Set(consents), isActive: true })
      return caller
    },

    expire: endToken,
    revoke: endToken,
    consent(caller, wanted) {
      ownerOf(caller).consents.add(wanted)
    },
    rescind(caller, wanted) {
      ownerOf(caller).consents.delete(wanted)
    },
    outage(out) {
      isOut = out
    },

    authenticate(bearerToken, additionalScopes) {
      assertBearerToken(bearerToken)
      assertReachable()
      const { state } = findActive(bearerToken)
      assertScope(state, scope, additionalScopes)
      return state
    },

    async grantDependentToken(callerToken, wanted) {
      // The refresh token names the consent that it rests on.
      return { ...dependentToken(callerToken, wanted), refresh_token: `fake-refresh-token-of-${callerToken}` }
    },

    async refreshDependentToken(token) {
      assertReachable()
      const owner = known.get(token.refresh_token?.replace('fake-refresh-token-of-', '') ?? '')
      if (!owner?.consents.has(token.scope)) {
        throw new UnauthorizedRequest(
          'The consent behind this work was withdrawn or has expired: log in again',
        )
      }
      tokensMade += 1
      return {
        ...token,
        access_token: `fake-dependent-token-${tokensMade}`,
        expires_at: clock() + lifetime,
      }
    },

    secretsKey: () => deriveSecretsKey('fake'),

    async ping() {
      assertReachable()
    },

    async close() {},
  }
}

import { randomUUID } from 'node:crypto'
import type { Auth, AuthState, DependentToken } from '../auth/auth.ts'
import { createAuthState } from '../auth/auth-state.ts'
import {
  assertBearerToken,
  assertScope,
  consentWithdrawn,
  invalidToken,
  notRefreshable,
} from '../auth/bearer-token.ts'
import { deriveSecretsKey } from '../auth/secrets-key.ts'
import type { PrincipalURN } from '../documents/principal.ts'
import { ConsentRequired, InvalidDefinition, ServiceUnavailable } from '../errors.ts'
import { type FakeCaller, type FakeCallerOptions, fakeGroup, fakeIdentity } from './fake-caller.ts'

/** An Auth that knows only the callers that it has made up. */
export type FakeAuth = Auth & {
  /** Makes up a caller with a new token. The same user name is the same person. */
  caller(options: FakeCallerOptions): FakeCaller
  /** Lets the caller's token expire. */
  expire(caller: FakeCaller): void
  /** Revokes the caller's token. */
  revoke(caller: FakeCaller): void
  /** Lets the person behind a caller consent to dependent tokens for a scope. */
  consent(caller: FakeCaller, scope: string): void
  /** Withdraws a consent, which also ends its refresh tokens. */
  rescind(caller: FakeCaller, scope: string): void
  /** Makes all calls to Globus fail, until it is called with false. */
  outage(isOut: boolean): void
}

export type FakeAuthOptions = {
  /** The provider's scope. Default: a made-up one. */
  scope?: string
  /** The time, in milliseconds since 1970. Default `Date.now`. */
  clock?: () => number
}

/**
 * A person's consents by scope. Each is a separate object, so that a consent that was withdrawn and given
 * again is a new one.
 */
type Consents = Map<string, symbol>
type Known = { state: AuthState; consents: Consents; isActive: boolean }
type Refreshable = { consents: Consents; restsOn: symbol | undefined }

const defaultScope = 'https://auth.globus.org/scopes/00000000-0000-4000-8000-000000000000/action_all'
const lifetime = 48 * 60 * 60 * 1000

/**
 * An Auth for tests in place of `globusAuth`. It authorizes callers by the same code, without calls to
 * Globus.
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
  const consentsOf = new Map<PrincipalURN, Consents>()
  const refreshTokens = new Map<string, Refreshable>()
  let isOut = false

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

  const giveConsent = (consents: Consents, wanted: string): void => {
    if (!consents.has(wanted)) consents.set(wanted, Symbol(wanted))
  }

  const endToken = (caller: FakeCaller): void => {
    ownerOf(caller).isActive = false
  }

  const newAccess = (): Pick<DependentToken, 'access_token' | 'expires_at'> => ({
    access_token: `fake-dependent-token-${randomUUID()}`,
    expires_at: clock() + lifetime,
  })

  const dependentToken = (token: string, wanted: string): DependentToken => {
    assertReachable()
    if (!findActive(token).consents.has(wanted)) throw new ConsentRequired(wanted)
    return { ...newAccess(), scope: wanted, resource_server: 'fake.resource.server' }
  }

  return {
    scope,

    caller({
      username,
      name = username,
      identities = [],
      groups = [],
      scopes = [scope],
      consents = [],
      expiresAt,
    }) {
      const token = `fake-token-${username.replaceAll(/[^A-Za-z0-9._-]/g, '-')}-${randomUUID()}`
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
      const ownConsents = consentsOf.get(urn) ?? new Map<string, symbol>()
      consentsOf.set(urn, ownConsents)
      for (const wanted of consents) giveConsent(ownConsents, wanted)
      const state = createAuthState(
        {
          effectiveIdentity: urn,
          username,
          name,
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
      known.set(token, { state, consents: ownConsents, isActive: true })
      return caller
    },

    expire: endToken,
    revoke: endToken,
    consent(caller, wanted) {
      giveConsent(ownerOf(caller).consents, wanted)
    },
    rescind(caller, wanted) {
      ownerOf(caller).consents.delete(wanted)
    },
    outage(out) {
      isOut = out
    },

    authenticate(bearerToken, additionalScopes, beforeAsking) {
      assertBearerToken(bearerToken)
      if (!known.has(bearerToken)) beforeAsking?.()
      assertReachable()
      const { state } = findActive(bearerToken)
      assertScope(state, scope, additionalScopes)
      return state
    },

    async grantDependentToken(callerToken, wanted) {
      assertBearerToken(callerToken)
      const token = dependentToken(callerToken, wanted)
      const { consents } = findActive(callerToken)
      const refresh_token = `fake-refresh-token-${randomUUID()}`
      refreshTokens.set(refresh_token, { consents, restsOn: consents.get(wanted) })
      return { ...token, refresh_token }
    },

    async refreshDependentToken(token) {
      if (token.refresh_token === undefined) throw notRefreshable()
      assertReachable()
      const refreshable = refreshTokens.get(token.refresh_token)
      if (refreshable === undefined || refreshable.consents.get(token.scope) !== refreshable.restsOn) {
        throw consentWithdrawn()
      }
      return { ...token, ...newAccess() }
    },

    secretsKey: () => deriveSecretsKey('fake'),

    async ping() {
      assertReachable()
    },

    async close() {},
  }
}

import { LRUCache } from 'lru-cache'
import { groupURN, identityURN, type PrincipalURN } from '../documents/principal.ts'
import { ConsentRequired, InvalidDefinition, ServiceUnavailable, UnauthorizedRequest } from '../errors.ts'
import type { Auth, AuthState, DependentToken } from './auth.ts'
import { createAuthState } from './auth-state.ts'
import { assertBearerToken, assertScope, invalidToken, tokenKey } from './bearer-token.ts'
import { type ActiveToken, createGlobusClient, type Grant, type GrantedToken } from './globus-client.ts'
import { type GlobusUrlOptions, globusUrls } from './globus-urls.ts'
import { createLookupCache } from './lookup-cache.ts'
import type { AuthCallEvent, AuthLog } from './service.ts'

/** The scope of Globus Groups that a provider's scope has as its dependent, so that groups may be in its lists. */
export const groupsScope = 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships'

export type GlobusAuthOptions = GlobusUrlOptions & {
  clientId: string
  clientSecret: string
  /** The provider's scope, as registered in Globus Auth. */
  scope: string
  /** Milliseconds a call to Globus may take, retries included. Default 10,000. */
  timeout?: number
  /** How often a failed call is tried again, where that is safe. Default 1. */
  retries?: number
  /** What each cache holds at most, in callers. Default 10,000. */
  cacheSize?: number
  /** Makes the HTTP calls; default Node's own. Give another to go through a proxy or to trust a private authority. */
  fetch?: typeof fetch
  log?: AuthLog
  /** Told of each call to Globus and each answer from a cache. It must not throw. */
  onCall?: (event: AuthCallEvent) => void
  /** The time, in milliseconds since 1970. Default `Date.now`. */
  clock?: () => number
  /** Milliseconds that never jump, which the caches go by. Default `performance.now`. */
  monotonicClock?: () => number
}

const introspectionLife = 30_000
const groupsLife = 5 * 60_000
const noGroups: ReadonlySet<PrincipalURN> = new Set()

const known: AuthCallEvent = Object.freeze({
  service: 'auth',
  call: 'introspect',
  outcome: 'ok',
  durationMs: 0,
  cache: 'hit',
})
const knownRefusal: AuthCallEvent = Object.freeze({ ...known, outcome: 'refused' })

/**
 * Asks Globus Auth who is calling, and remembers the answer for a while: 30 seconds for a token, five minutes for
 * groups, dependent tokens until shortly before they expire (interface, "Tokens"). A caller who is known costs no call
 * and no wait, so `authenticate` then gives the AuthState itself, not a promise. Each Auth remembers for itself alone.
 *
 * Whatever keeps Globus from answering properly is a ServiceUnavailable, never a refusal and never an open door.
 *
 * @throws InvalidDefinition when an option is missing or wrong
 * @example
 * const auth = globusAuth({ clientId, clientSecret, scope, timeout: 5_000 })
 * const caller = await auth.authenticate(token)
 * await caller.checkAuthorization(['urn:globus:groups:id:fdb38a24-03c1-11e3-86f7-12313809f035'])
 */
export function globusAuth(options: GlobusAuthOptions): Auth {
  const { scope, cacheSize: max = 10_000, onCall } = options
  const { clock = Date.now, monotonicClock: now = () => performance.now() } = options
  assertGiven(options)

  const client = createGlobusClient({
    urls: globusUrls(options),
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    timeout: options.timeout ?? 10_000,
    retries: options.retries ?? 1,
    fetch: options.fetch ?? fetch,
    log: options.log,
    onCall,
    clock,
    now,
  })
  const callers = createLookupCache<AuthState>({ max, now, timeToLive: () => introspectionLife })
  const groups = createLookupCache<ReadonlySet<PrincipalURN>>({ max, now, timeToLive: () => groupsLife })
  const dependentTokens = createLookupCache<Grant>({
    max,
    now,
    timeToLive: untilShortlyBeforeExpiry,
  })
  // Apart from the callers, so that a flood of made-up tokens cannot push known callers out.
  const refusals = new LRUCache<string, true>({
    max,
    ttl: introspectionLife,
    ttlResolution: 0,
    perf: { now },
  })

  const accept = (caller: AuthState, additionalScopes: readonly string[] | undefined): AuthState => {
    if (caller.expiresAt <= clock()) throw invalidToken()
    assertScope(caller, scope, additionalScopes)
    return caller
  }

  const introspect = (key: string, token: string): Promise<AuthState> =>
    callers.load(key, async () => {
      const introspection = await client.introspect(token)
      if (introspection === undefined) {
        refusals.set(key, true)
        groups.delete(key)
        dependentTokens.delete(key)
        throw invalidToken()
      }
      return callerOf(key, token, introspection)
    })

  const callerOf = (key: string, token: string, introspection: ActiveToken): AuthState => {
    const effectiveIdentity = identityURN(introspection.sub)
    return createAuthState(
      {
        effectiveIdentity,
        username: introspection.username ?? undefined,
        identities: new Set([effectiveIdentity, ...introspection.identity_set.map(identityURN)]),
        scopes: new Set(introspection.scope.split(' ')),
        expiresAt: introspection.exp * 1000,
        token,
      },
      {
        knownGroups: () => groups.get(key),
        groups: () => groups.load(key, () => askForGroups(key, token)),
        dependentToken: async (wanted) => withoutLifetime(await dependentToken(key, token, wanted)),
      },
    )
  }

  /** A grant that Globus refuses for the token's sake: either the token has ended, or nothing depends on its scope. */
  const assertStillActive = async (key: string, token: string): Promise<void> => {
    callers.delete(key)
    await introspect(key, token)
  }

  const grant = async (
    key: string,
    token: string,
    ask: Parameters<typeof client.grantDependentTokens>[1],
  ): Promise<Grant> => {
    const answer = await client.grantDependentTokens(token, ask)
    if (!answer.granted && answer.lacking === 'token') await assertStillActive(key, token)
    return answer
  }

  /** @throws ConsentRequired when there is no token for `wanted`, even in a new grant */
  const dependentToken = async (key: string, token: string, wanted: string): Promise<GrantedToken> => {
    const remembered = dependentTokens.get(key)
    const known = remembered && findToken(remembered, wanted)
    if (known !== undefined) return known
    // Consent may have been given since.
    if (remembered !== undefined) dependentTokens.delete(key)
    return tokenFrom(await dependentTokens.load(key, () => grant(key, token, {})), wanted)
  }

  const askForGroups = async (
    key: string,
    token: string,
    mayBeStale = dependentTokens.get(key) !== undefined,
  ): Promise<ReadonlySet<PrincipalURN>> => {
    try {
      const { access_token } = await dependentToken(key, token, groupsScope)
      const ids = await client.myGroups(access_token)
      if (ids !== undefined) return new Set(ids.map(groupURN))
      dependentTokens.delete(key)
      // A remembered token may have been revoked meanwhile; one that is new has no such excuse.
      if (mayBeStale) return await askForGroups(key, token, false)
    } catch (error) {
      if (error instanceof ConsentRequired) return noGroups
      throw error
    }
    throw new ServiceUnavailable('Globus Groups does not accept the token that Globus Auth gave for it')
  }

  return {
    scope,

    authenticate(bearerToken, additionalScopes) {
      const key = tokenKey(bearerToken)
      const caller = callers.get(key)
      if (caller !== undefined) {
        onCall?.(known)
        return accept(caller, additionalScopes)
      }
      assertBearerToken(bearerToken)
      if (refusals.has(key)) {
        onCall?.(knownRefusal)
        throw invalidToken()
      }
      return introspect(key, bearerToken).then((introspected) => accept(introspected, additionalScopes))
    },

    async grantDependentToken(callerToken, wanted) {
      assertBearerToken(callerToken)
      const answer = await grant(tokenKey(callerToken), callerToken, { scope: wanted, offline: true })
      return withoutLifetime(tokenFrom(answer, wanted))
    },

    async refreshDependentToken(token) {
      if (token.refresh_token === undefined) {
        throw new UnauthorizedRequest('This token has expired and cannot be refreshed: log in again')
      }
      const refreshed = await client.refresh(token.refresh_token)
      return { refresh_token: token.refresh_token, ...withoutLifetime(refreshed) }
    },

    ping: () => client.ping(),

    async close() {
      client.close()
      for (const cache of [callers, groups, dependentTokens, refusals]) cache.clear()
    },
  }
}

function assertGiven(options: GlobusAuthOptions): void {
  for (const name of ['clientId', 'clientSecret', 'scope'] as const) {
    if (!options[name])
      throw new InvalidDefinition(`globusAuth needs ${name}: register a client in Globus Auth`)
  }
}

/** The token that carries a scope. A scope's own dependents (`scope[other]`) do not show in a token. */
function findToken(grant: Grant, scope: string): GrantedToken | undefined {
  const [name = scope] = scope.split('[')
  return grant.granted ? grant.tokens.find((token) => token.scope.split(' ').includes(name)) : undefined
}

/** @throws ConsentRequired when the grant has no token for `wanted`, for which Globus may blame another scope */
function tokenFrom(grant: Grant, wanted: string): GrantedToken {
  const token = findToken(grant, wanted)
  if (token !== undefined) return token
  const [lacking = wanted] = grant.granted || grant.scopes.includes(wanted) ? [] : grant.scopes
  throw new ConsentRequired(lacking)
}

/** A minute before the first of the tokens expires, or sooner where they live for minutes only. */
function untilShortlyBeforeExpiry(grant: Grant): number {
  if (!grant.granted || grant.tokens.length === 0) return 0
  const lifetime = Math.min(...grant.tokens.map((token) => token.lifetime))
  return lifetime - Math.min(60_000, lifetime / 10)
}

function withoutLifetime({ lifetime: _, ...token }: GrantedToken): DependentToken {
  return token
}

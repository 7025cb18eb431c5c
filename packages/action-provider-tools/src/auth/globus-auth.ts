import { LRUCache } from 'lru-cache'
import { groupURN, identityURN, type PrincipalURN } from '../documents/principal.ts'
import { ConsentRequired, InvalidDefinition, ServiceUnavailable } from '../errors.ts'
import { rememberSecret } from '../log.ts'
import type { Auth, AuthState, DependentToken } from './auth.ts'
import { createAuthState } from './auth-state.ts'
import { assertBearerToken, assertScope, invalidToken, notRefreshable, tokenKey } from './bearer-token.ts'
import { type ActiveToken, createGlobusClient, type Grant, type GrantedToken } from './globus-client.ts'
import { type GlobusUrlOptions, globusUrls } from './globus-urls.ts'
import { createLookupCache } from './lookup-cache.ts'
import { deriveSecretsKey } from './secrets-key.ts'
import type { AuthCallEvent, AuthLog } from './service.ts'

/** The scope of Globus Groups, a dependent scope of a provider's scope, so that its lists may have groups. */
export const groupsScope = 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships'

export type GlobusAuthOptions = GlobusUrlOptions & {
  clientId: string
  clientSecret: string
  /** The provider's scope, as registered in Globus Auth. */
  scope: string
  /** How long a call to Globus may take, in milliseconds, retries included. Default 10,000. */
  timeout?: number
  /** How often a failed idempotent call is tried again. Default 1. */
  retries?: number
  /** How many callers each cache holds. Default 10,000. */
  cacheSize?: number
  /**
   * Makes the HTTP calls; default Node's own. Pass another to use a proxy or to trust a private certificate
   * authority.
   */
  fetch?: typeof fetch
  log?: AuthLog
  /** Called for each call to Globus and each answer from a cache. It must not throw. */
  onCall?: (event: AuthCallEvent) => void
  /** The time, in milliseconds since 1970. Default `Date.now`. */
  clock?: () => number
  /** The monotonic clock of the caches, in milliseconds. Default `performance.now`. */
  monotonicClock?: () => number
}

/** A bearer token and its cache key. */
type Bearer = { token: string; key: string }

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
 * Asks Globus Auth who is calling, and remembers the answer for a while: 30 seconds for a token, five minutes
 * for groups, dependent tokens until shortly before they expire (interface, "Tokens"). For a known caller,
 * `authenticate` makes no call and returns the AuthState itself, not a promise. Each Auth has its own caches.
 *
 * If Globus does not answer properly, the caller gets a ServiceUnavailable: they are neither refused nor
 * admitted.
 *
 * @throws InvalidDefinition when an option is missing or wrong
 * @example
 * const auth = globusAuth({ clientId, clientSecret, scope, timeout: 5_000 })
 * const caller = await auth.authenticate(token)
 * await caller.checkAuthorization(['urn:globus:groups:id:fdb38a24-03c1-11e3-86f7-12313809f035'])
 */
export function globusAuth(options: GlobusAuthOptions): Auth {
  const { scope, onCall, cacheSize: max = 10_000 } = options
  const { clock = Date.now, monotonicClock: now = () => performance.now() } = options
  assertUsable(options)
  rememberSecret(options.clientSecret)
  rememberSecret(btoa(`${options.clientId}:${options.clientSecret}`))

  const urls = globusUrls(options)
  const client = createGlobusClient({
    urls,
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
  // A separate cache, so that a flood of invented tokens cannot evict known callers.
  const refusals = new LRUCache<string, true>({
    max,
    ttl: introspectionLife,
    ttlResolution: 0,
    perf: { now },
  })

  // A token that was accepted once does not count as a guess when its cache entry has ended.
  const accepted = new LRUCache<string, true>({ max })

  const accept = (caller: AuthState, additionalScopes: readonly string[] | undefined): AuthState => {
    if (caller.expiresAt <= clock()) throw invalidToken()
    assertScope(caller, scope, additionalScopes)
    return caller
  }

  const introspect = (bearer: Bearer): Promise<AuthState> =>
    callers.load(bearer.key, async () => {
      const token = await client.introspect(bearer.token)
      if (token !== undefined) return callerOf(bearer, token)
      refusals.set(bearer.key, true)
      accepted.delete(bearer.key)
      throw invalidToken()
    })

  const callerOf = (bearer: Bearer, token: ActiveToken): AuthState => {
    const effectiveIdentity = identityURN(token.sub)
    // Globus Auth changes this id when a grant would return other tokens, so a withdrawn consent shows here.
    const grantKey = `${bearer.key} ${token.dependent_tokens_cache_id ?? ''}`
    return createAuthState(
      {
        effectiveIdentity,
        username: token.username ?? undefined,
        name: token.name ?? undefined,
        identities: new Set([effectiveIdentity, ...token.identity_set.map(identityURN)]),
        scopes: new Set(token.scope.split(' ')),
        expiresAt: token.exp * 1000,
        token: bearer.token,
      },
      {
        knownGroups: () => groups.get(bearer.key),
        groups: () => groups.load(bearer.key, () => askForGroups(bearer, grantKey)),
        dependentToken: async (wanted) => withoutLifetime(await dependentToken(bearer, grantKey, wanted)),
      },
    )
  }

  const grant = async (bearer: Bearer, ask: { scope?: string; offline?: boolean }): Promise<Grant> => {
    const answer = await client.grantDependentTokens(bearer.token, ask)
    if (!answer.granted && answer.lacking === 'token') {
      // Either the token has expired since it was introspected, or its scope has no dependents.
      callers.delete(bearer.key)
      await introspect(bearer)
    }
    return answer
  }

  const dependentToken = async (bearer: Bearer, grantKey: string, wanted: string): Promise<GrantedToken> => {
    const remembered = dependentTokens.get(grantKey)
    const token = remembered && findToken(remembered, wanted)
    if (token !== undefined) return token
    // The caller may have consented since.
    if (remembered !== undefined) dependentTokens.delete(grantKey)
    return tokenFrom(await dependentTokens.load(grantKey, () => grant(bearer, {})), wanted)
  }

  const askForGroups = async (
    bearer: Bearer,
    grantKey: string,
    mayBeStale = dependentTokens.get(grantKey) !== undefined,
  ): Promise<ReadonlySet<PrincipalURN>> => {
    let groupsToken: string
    try {
      groupsToken = (await dependentToken(bearer, grantKey, groupsScope)).access_token
    } catch (error) {
      if (error instanceof ConsentRequired) return noGroups
      throw error
    }
    const ids = await client.myGroups(groupsToken)
    if (ids !== undefined) return new Set(ids.map(groupURN))
    dependentTokens.delete(grantKey)
    // A cached token may have been revoked; a new one has just been granted.
    if (mayBeStale) return askForGroups(bearer, grantKey, false)
    throw new ServiceUnavailable('Globus Groups does not accept the token that Globus Auth gave for it')
  }

  return {
    scope,
    authUrl: urls.auth.href,

    authenticate(bearerToken, additionalScopes, beforeAsking) {
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
      if (!accepted.has(key)) beforeAsking?.()
      return introspect({ token: bearerToken, key }).then((introspected) => {
        const known = accept(introspected, additionalScopes)
        accepted.set(key, true)
        return known
      })
    },

    async grantDependentToken(callerToken, wanted) {
      assertBearerToken(callerToken)
      const answer = await grant(
        { token: callerToken, key: tokenKey(callerToken) },
        { scope: wanted, offline: true },
      )
      return withoutLifetime(tokenFrom(answer, wanted))
    },

    async refreshDependentToken(token) {
      if (token.refresh_token === undefined) throw notRefreshable()
      const refreshed = await client.refresh(token.refresh_token)
      return { refresh_token: token.refresh_token, ...withoutLifetime(refreshed) }
    },

    secretsKey: () => deriveSecretsKey(options.clientSecret),

    ping: () => client.ping(),

    async close() {
      client.close()
      for (const cache of [callers, groups, dependentTokens, refusals, accepted]) cache.clear()
    },
  }
}

function assertUsable({ timeout = 1, retries = 0, ...given }: GlobusAuthOptions): void {
  for (const name of ['clientId', 'clientSecret', 'scope'] as const) {
    if (!given[name])
      throw new InvalidDefinition(`globusAuth needs ${name}: register a client in Globus Auth`)
  }
  if (!(timeout > 0)) throw new InvalidDefinition('The timeout of globusAuth is in milliseconds, more than 0')
  if (!(retries >= 0)) throw new InvalidDefinition('The retries of globusAuth are a number, 0 or more')
}

/** The token that carries a scope. A scope's own dependents (`scope[other]`) do not show in a token. */
function findToken(grant: Grant, scope: string): GrantedToken | undefined {
  const [name = scope] = scope.split('[')
  return grant.granted ? grant.tokens.find((token) => token.scope.split(' ').includes(name)) : undefined
}

/** @throws ConsentRequired when the grant has no token for `wanted`, even if Globus names another scope */
function tokenFrom(grant: Grant, wanted: string): GrantedToken {
  const token = findToken(grant, wanted)
  if (token !== undefined) return token
  const [lacking = wanted] = grant.granted || grant.scopes.includes(wanted) ? [] : grant.scopes
  throw new ConsentRequired(lacking)
}

/** The time until a minute before the first token expires, or less for tokens with a lifetime of minutes. */
function untilShortlyBeforeExpiry(grant: Grant): number {
  if (!grant.granted || grant.tokens.length === 0) return 0
  const lifetime = Math.min(...grant.tokens.map((token) => token.lifetime))
  return lifetime - Math.min(60_000, lifetime / 10)
}

function withoutLifetime({ lifetime: _, ...token }: GrantedToken): DependentToken {
  return token
}

/** The calls a provider makes to Globus Auth and Globus Groups, as functions. */
import type { XStatic } from 'typebox/schema'
import { compileGuard } from '../documents/check.ts'
import { UUID } from '../documents/principal.ts'
import type { DependentToken } from './auth.ts'
import { consentWithdrawn, TOKEN_PATTERN } from './bearer-token.ts'
import type { GlobusUrls } from './globus-urls.ts'
import { createService, type Refusal, type ServiceOptions } from './service.ts'

const bearerToken = { type: 'string', pattern: TOKEN_PATTERN } as const
const text = { type: 'string' } as const
const textOrNull = { type: ['string', 'null'] } as const

const InactiveToken = {
  type: 'object',
  required: ['active'],
  properties: { active: { const: false } },
} as const
const ActiveToken = {
  type: 'object',
  required: ['active', 'sub', 'scope', 'identity_set'],
  properties: {
    active: { const: true },
    sub: UUID,
    scope: text,
    /** Seconds since 1970. Refresh tokens have none. */
    exp: { type: ['number', 'null'] },
    identity_set: { type: 'array', items: UUID },
    username: textOrNull,
    name: textOrNull,
    dependent_tokens_cache_id: textOrNull,
  },
} as const
const isIntrospection = compileGuard({ anyOf: [ActiveToken, InactiveToken] })

const TokenDocument = {
  type: 'object',
  required: ['access_token', 'scope', 'resource_server', 'expires_in'],
  properties: {
    access_token: bearerToken,
    scope: text,
    resource_server: text,
    /** Seconds. */
    expires_in: { type: 'number', exclusiveMinimum: 0 },
    refresh_token: textOrNull,
  },
} as const
type TokenDocument = XStatic<typeof TokenDocument>
const isTokenDocument = compileGuard(TokenDocument)
const areTokenDocuments = compileGuard({ type: 'array', items: TokenDocument })

const Group = {
  type: 'object',
  required: ['id', 'my_memberships'],
  properties: {
    id: UUID,
    my_memberships: { type: 'array', items: { type: 'object', properties: { status: text } } },
  },
} as const
const areGroups = compileGuard({ type: 'array', items: Group })

const isDiscovery = compileGuard({ type: 'object', required: ['issuer'], properties: { issuer: text } })

/** The introspection of an active access token. */
export type ActiveToken = XStatic<typeof ActiveToken> & { exp: number }

/** A granted token and its remaining lifetime, in milliseconds. */
export type GrantedToken = DependentToken & { lifetime: number }

/** The answer to a grant: tokens, or the reason for their absence. */
export type Grant =
  | { granted: true; tokens: GrantedToken[] }
  /**
   * `consent`: the caller has not consented to `scopes`, if Globus names them. `token`: the token is not
   * valid.
   */
  | { granted: false; lacking: 'consent' | 'token'; scopes: string[] }

type GlobusClient = {
  /**
   * Token introspection (RFC 7662): undefined unless it is an active access token.
   * @throws ServiceUnavailable
   */
  introspect(token: string): Promise<ActiveToken | undefined>
  /**
   * Tokens for the services that the token's scope depends on: all that the caller has consented to, or just
   * `scope`. `offline` asks for refresh tokens too.
   * @throws ServiceUnavailable
   */
  grantDependentTokens(token: string, options?: { scope?: string; offline?: boolean }): Promise<Grant>
  /** @throws UnauthorizedRequest when the refresh token is no longer valid, ServiceUnavailable */
  refresh(refreshToken: string): Promise<GrantedToken>
  /**
   * The ids of the groups that the owner of a Groups token is an active member of; undefined when the token
   * is refused.
   */
  myGroups(groupsToken: string): Promise<string[] | undefined>
  /** @throws ServiceUnavailable */
  ping(): Promise<void>
  close(): void
}

type GlobusClientOptions = Omit<ServiceOptions, 'service' | 'name' | 'url'> & {
  urls: GlobusUrls
  clientId: string
  clientSecret: string
  /** The time, in milliseconds since 1970. */
  clock: () => number
}

export function createGlobusClient(options: GlobusClientOptions): GlobusClient {
  const { urls, clientId, clientSecret, clock, ...serviceOptions } = options
  const auth = createService({ ...serviceOptions, service: 'auth', name: 'Globus Auth', url: urls.auth })
  const groups = createService({
    ...serviceOptions,
    service: 'groups',
    name: 'Globus Groups',
    url: urls.groups,
  })
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`

  const misconfiguration = ({ status, body }: Refusal): string | undefined => {
    const error = property(body, 'error')
    if (consentLacking(body) !== undefined) return undefined
    if (error === 'unauthorized_client') {
      return `it does not let the client ${clientId} make this call: check the client's type and settings in Globus Auth`
    }
    if (status === 401 && error !== 'invalid_grant') {
      return `it does not accept the client's credentials: check the id ${clientId}, its secret and the Globus environment`
    }
    return undefined
  }

  const granted = (document: TokenDocument): GrantedToken => ({
    access_token: document.access_token,
    scope: document.scope,
    resource_server: document.resource_server,
    expires_at: clock() + document.expires_in * 1000,
    lifetime: document.expires_in * 1000,
    ...(document.refresh_token ? { refresh_token: document.refresh_token } : {}),
  })

  return {
    async introspect(token) {
      const answer = await auth.request({
        call: 'introspect',
        method: 'POST',
        path: 'v2/oauth2/token/introspect',
        authorization: basic,
        form: { token, include: 'identity_set' },
        isAnswer: isIntrospection,
        repeatable: true,
        misconfiguration,
      })
      if (!answer.ok) throw auth.unavailable(`introspection was refused with status ${answer.status}`)
      const { body } = answer
      // A token without expiry is a refresh token and must not count as an access token.
      return body.active && typeof body.exp === 'number' ? { ...body, exp: body.exp } : undefined
    },

    async grantDependentTokens(token, { scope, offline = false } = {}) {
      const answer = await auth.request({
        call: 'dependent_token',
        method: 'POST',
        path: 'v2/oauth2/token',
        authorization: basic,
        form: {
          grant_type: 'urn:globus:auth:grant_type:dependent_token',
          token,
          ...(scope === undefined ? {} : { scope }),
          ...(offline ? { access_type: 'offline' } : {}),
        },
        isAnswer: areTokenDocuments,
        repeatable: !offline,
        misconfiguration,
      })
      if (answer.ok) return { granted: true, tokens: answer.body.map(granted) }
      const scopes = consentLacking(answer.body)
      if (scopes !== undefined) return { granted: false, lacking: 'consent', scopes }
      if (property(answer.body, 'error') === 'invalid_grant') {
        return { granted: false, lacking: 'token', scopes: [] }
      }
      throw auth.unavailable(`a dependent token grant was refused with status ${answer.status}`)
    },

    async refresh(refreshToken) {
      const answer = await auth.request({
        call: 'refresh_token',
        method: 'POST',
        path: 'v2/oauth2/token',
        authorization: basic,
        form: { grant_type: 'refresh_token', refresh_token: refreshToken },
        isAnswer: isTokenDocument,
        repeatable: false,
        misconfiguration,
      })
      if (answer.ok) return granted(answer.body)
      if (property(answer.body, 'error') === 'invalid_grant') {
        throw consentWithdrawn()
      }
      throw auth.unavailable(`a refresh was refused with status ${answer.status}`)
    },

    async myGroups(groupsToken) {
      const answer = await groups.request({
        call: 'my_groups',
        method: 'GET',
        path: 'v2/groups/my_groups',
        authorization: `Bearer ${groupsToken}`,
        isAnswer: areGroups,
        repeatable: true,
      })
      if (answer.ok) return answer.body.filter(isActiveMember).map((group) => group.id)
      if (answer.status === 401 || answer.status === 403) return undefined
      throw groups.unavailable(`the list of groups was refused with status ${answer.status}`)
    },

    async ping() {
      const answer = await auth.request({
        call: 'discovery',
        method: 'GET',
        path: '.well-known/openid-configuration',
        isAnswer: isDiscovery,
        repeatable: false,
      })
      if (!answer.ok)
        throw auth.unavailable(`its discovery document was refused with status ${answer.status}`)
    },

    close() {
      auth.close()
      groups.close()
    },
  }
}

function isActiveMember(group: XStatic<typeof Group>): boolean {
  return group.my_memberships.some((membership) => membership.status === 'active')
}

/**
 * The scopes that the caller has not consented to, from a refusal; undefined for another refusal. Globus has
 * several forms: `dependent_consent_required` with `unapproved_scopes`, `ConsentRequired` with
 * `required_scopes` or `required_scope`, and `authorization_parameters`, each in the body itself or in its
 * `errors`.
 */
function consentLacking(body: unknown): string[] | undefined {
  const errors = property(body, 'errors')
  const places = [body, ...(Array.isArray(errors) ? errors : [])]
  const scopes = places.flatMap((place) =>
    [
      property(place, 'required_scopes'),
      property(place, 'required_scope'),
      property(place, 'unapproved_scopes'),
      property(property(place, 'authorization_parameters'), 'required_scopes'),
    ]
      .flat()
      .filter((scope) => typeof scope === 'string'),
  )
  const isAboutConsent = places.some((place) =>
    [property(place, 'code'), property(place, 'error')].some(
      (code) => typeof code === 'string' && consentCodes.has(code.toLowerCase()),
    ),
  )
  return scopes.length > 0 || isAboutConsent ? scopes : undefined
}

// The last two name a scope that does not exist, or that the token's scope does not depend on.
const consentCodes = new Set([
  'consentrequired',
  'dependent_consent_required',
  'invalid_scope',
  'unknown_scope',
])

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

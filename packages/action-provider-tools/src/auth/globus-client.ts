/** The calls a provider makes to Globus Auth and Globus Groups, as functions. */
import Type from 'typebox'
import type { DependentToken } from './auth.ts'
import { consentWithdrawn } from './bearer-token.ts'
import type { GlobusUrls } from './globus-urls.ts'
import { createService, type Refusal, type ServiceOptions } from './service.ts'

const uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' })
const bearerToken = Type.String({ pattern: '^[A-Za-z0-9._~+/-]+=*$' })

const InactiveToken = Type.Object({ active: Type.Literal(false) })
const ActiveToken = Type.Object({
  active: Type.Literal(true),
  sub: uuid,
  scope: Type.String(),
  /** Seconds since 1970. Refresh tokens have none. */
  exp: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  identity_set: Type.Array(uuid),
  username: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  dependent_tokens_cache_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})
const Introspection = Type.Union([ActiveToken, InactiveToken])

const TokenDocument = Type.Object({
  access_token: bearerToken,
  scope: Type.String(),
  resource_server: Type.String(),
  /** Seconds. */
  expires_in: Type.Number({ exclusiveMinimum: 0 }),
  refresh_token: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

const MyGroups = Type.Array(
  Type.Object({
    id: uuid,
    my_memberships: Type.Array(Type.Object({ status: Type.Optional(Type.String()) })),
  }),
)

const Discovery = Type.Object({ issuer: Type.String() })

/** What Globus Auth says of a token that is good for calls. */
export type ActiveToken = Type.Static<typeof ActiveToken> & { exp: number }

/** A granted token with what is left of its life, in milliseconds. */
export type GrantedToken = DependentToken & { lifetime: number }

/** The answer to a grant: tokens, or why there are none. */
export type Grant =
  | { granted: true; tokens: GrantedToken[] }
  /** `consent`: the caller has not consented to `scopes`, where Globus names them. `token`: the token is no good. */
  | { granted: false; lacking: 'consent' | 'token'; scopes: string[] }

export type GlobusClient = {
  /** Token introspection (RFC 7662): undefined for a token that is no good for calls. @throws ServiceUnavailable */
  introspect(token: string): Promise<ActiveToken | undefined>
  /**
   * Tokens for the services that the token's scope depends on: all that the caller has consented to, or just `scope`.
   * `offline` asks for refresh tokens too.
   * @throws ServiceUnavailable
   */
  grantDependentTokens(token: string, options?: { scope?: string; offline?: boolean }): Promise<Grant>
  /** @throws UnauthorizedRequest when the refresh token is no longer good, ServiceUnavailable */
  refresh(refreshToken: string): Promise<GrantedToken>
  /** The ids of the groups that the owner of a Groups token is an active member of; undefined when the token is refused. */
  myGroups(groupsToken: string): Promise<string[] | undefined>
  /** @throws ServiceUnavailable */
  ping(): Promise<void>
  close(): void
}

export type GlobusClientOptions = Omit<ServiceOptions, 'service' | 'name' | 'url'> & {
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

  const granted = (document: Type.Static<typeof TokenDocument>): GrantedToken => ({
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
        answer: Introspection,
        repeatable: true,
        misconfiguration,
      })
      if (!answer.ok) throw auth.unavailable(`introspection was refused with status ${answer.status}`)
      const { body } = answer
      // Without an end it is a refresh token, which must not pass for an access token.
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
        answer: Type.Array(TokenDocument),
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
        answer: TokenDocument,
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
        answer: MyGroups,
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
        answer: Discovery,
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

function isActiveMember(group: Type.Static<typeof MyGroups>[number]): boolean {
  return group.my_memberships.some((membership) => membership.status === 'active')
}

/**
 * The scopes that a refusal says the caller has not consented to; undefined when it is about something else. Globus has
 * several forms of this: `dependent_consent_required` with `unapproved_scopes`, `ConsentRequired` with `required_scopes`
 * or `required_scope`, and `authorization_parameters`, each in the body itself or in its `errors`.
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

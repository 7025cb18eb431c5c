import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Endpoint } from '../endpoints.ts'
import { apiError, oauthError } from '../errors.ts'
import { isTrue } from '../query.ts'
import { baseUrl, type Service } from '../service.ts'
import type { TokenDocument } from '../state/tokens.ts'
import { findToken, revokeToken, scopeText } from '../state/tokens.ts'
import { redeemCode } from './authorization-code.ts'
import { bearerToken, carries } from './bearer.ts'
import { userClaims } from './claims.ts'
import { authenticateClient, type Form, identifyClient } from './client-authentication.ts'
import { clientCredentials } from './client-credentials.ts'
import { dependentTokens } from './dependent-token.ts'
import { openidConfiguration } from './discovery.ts'
import { idToken, publicKey } from './id-token.ts'
import { introspect } from './introspect.ts'
import { refresh } from './refresh-token.ts'

const dependentTokenGrant = 'urn:globus:auth:grant_type:dependent_token'

type Query = { include_consented_scopes?: string }
type WholeAnswer = TokenDocument & { other_tokens: TokenDocument[]; id_token?: string }

/** The OAuth and OpenID Connect endpoints that programs call. */
export async function oauthRoutes(app: FastifyInstance, { state, settings }: Service): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('pragma', 'no-cache')
  })

  app.post<{ Body: unknown }>(
    '/v2/oauth2/token',
    { config: { endpoint: tokenEndpoint } },
    async (request) => {
      const form = formOf(request.body)
      const { authorization } = request.headers
      const lifetime = settings.tokenLifetime
      switch (form.grant_type) {
        case 'authorization_code':
          return codeGrant(request, form)
        case 'refresh_token':
          return {
            ...refresh(state, identifyClient(state, authorization, form), form, lifetime),
            other_tokens: [],
          }
        case 'client_credentials':
          return credentialsGrant(request, form)
        case dependentTokenGrant:
          return dependentTokens(state, authenticateClient(state, authorization, form), form, lifetime)
        case undefined:
          throw oauthError('invalid_request', 'the form has no grant_type')
        default:
          throw oauthError('unsupported_grant_type', `${form.grant_type} is no grant type of Globus Auth`)
      }
    },
  )

  async function codeGrant(request: FastifyRequest, form: Form): Promise<WholeAnswer> {
    const client = identifyClient(state, request.headers.authorization, form)
    const { tokens, code } = redeemCode(
      state,
      client,
      form,
      settings.tokenLifetime,
      isTrue((request.query as Query).include_consented_scopes),
    )
    return withIdToken(request, tokens, { ...code, client, authTime: code.auth_time })
  }

  async function credentialsGrant(request: FastifyRequest, form: Form): Promise<WholeAnswer> {
    const client = authenticateClient(state, request.headers.authorization, form)
    const tokens = clientCredentials(state, client, form, settings.tokenLifetime)
    return withIdToken(request, tokens, {
      client,
      identity: client.id,
      nonce: null,
      authTime: Math.floor(Date.now() / 1000),
    })
  }

  /** One token document holds the others; the one for Globus Auth comes first, as the id token goes with it. */
  async function withIdToken(
    request: FastifyRequest,
    tokens: TokenDocument[],
    login: Omit<Parameters<typeof idToken>[2], 'token'>,
  ): Promise<WholeAnswer> {
    const first = tokens.find(({ resource_server }) => resource_server === 'auth.globus.org') ?? tokens[0]
    if (!first) throw oauthError('invalid_scope', 'no scope was asked for')
    const answer = { ...first, other_tokens: tokens.filter((token) => token !== first) }
    if (!first.scope.split(' ').includes('openid')) return answer
    return { ...answer, id_token: await idToken(state, baseUrl(request), { ...login, token: first }) }
  }

  app.post<{ Body: unknown }>(
    '/v2/oauth2/token/introspect',
    { config: { endpoint: () => 'introspect' } },
    async (request) => {
      const form = formOf(request.body)
      return introspect(
        state,
        baseUrl(request),
        authenticateClient(state, request.headers.authorization, form),
        form,
      )
    },
  )

  app.post<{ Body: unknown }>(
    '/v2/oauth2/token/revoke',
    { config: { endpoint: () => 'revoke' } },
    async ({ body, headers }) => {
      const form = formOf(body)
      const client = identifyClient(state, headers.authorization, form)
      if (!form.token) throw oauthError('invalid_request', 'the form has no token')
      // RFC 7009 section 2.1: of another client's token nothing is told, and nothing is done.
      if (findToken(state, form.token)?.issuedTo.id === client.id) revokeToken(state, form.token)
      return { active: false }
    },
  )

  /** An older form of introspection that only tells whether a client's token counts. */
  app.post<{ Body: unknown }>(
    '/v2/oauth2/token/validate',
    { config: { endpoint: () => 'introspect' } },
    async ({ body, headers }) => {
      const form = formOf(body)
      const client = identifyClient(state, headers.authorization, form)
      return { active: findToken(state, form.token ?? '')?.issuedTo.id === client.id }
    },
  )

  app.get('/v2/oauth2/userinfo', { config: { endpoint: () => 'userinfo' } }, async ({ headers }) => {
    const token = bearerToken(state, headers.authorization)
    if (!token) throw apiError(401, 'UNAUTHORIZED', 'Call must be authenticated')
    if (!carries(token, ['openid']))
      throw apiError(403, 'FORBIDDEN', 'The token does not carry the scope openid')
    return userClaims(state, token.owner, scopeText(token).split(' '), token.issued_at)
  })

  const discovery = { config: { endpoint: (): Endpoint => 'discovery' } }
  app.get('/.well-known/openid-configuration', discovery, async (request) =>
    openidConfiguration(baseUrl(request)),
  )
  app.get('/jwk.json', discovery, async () => ({ keys: [await publicKey(state)] }))
}

function tokenEndpoint(body: unknown): Endpoint {
  const { grant_type } = formOf(body)
  switch (grant_type) {
    case dependentTokenGrant:
      return 'dependent_token'
    case 'authorization_code':
    case 'refresh_token':
    case 'client_credentials':
      return grant_type
    default:
      return 'token'
  }
}

/** The fields of a form that are single strings: a repeated one counts as missing (RFC 6749 section 3.2). */
function formOf(body: unknown): Form {
  return Object.fromEntries(Object.entries(body ?? {}).filter(([, value]) => typeof value === 'string'))
}

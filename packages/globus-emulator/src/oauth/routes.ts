import type { FastifyInstance, FastifyRequest } from 'fastify'
import { apiError, oauthError } from '../errors.ts'
import type { Endpoint } from '../faults.ts'
import { baseUrl, type Form, formOf, isTrue } from '../request.ts'
import type { Service } from '../service.ts'
import { seconds } from '../state/state.ts'
import { findToken, revokeToken, scopeText, type TokenDocument } from '../state/tokens.ts'
import { authenticateClient, bearerOf, carries, identifyClient } from './authentication.ts'
import { clientCredentials, dependentTokens, redeemCode, refresh } from './grants.ts'
import { introspect } from './introspection.ts'
import { idToken, openidConfiguration, publicKey, userClaims } from './openid.ts'

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
          throw oauthError('unsupported_grant_type', `${form.grant_type} is not a grant type of Globus Auth`)
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
    return withIdToken(request, tokens, { ...code, client, authTime: code.login.auth_time })
  }

  async function credentialsGrant(request: FastifyRequest, form: Form): Promise<WholeAnswer> {
    const client = authenticateClient(state, request.headers.authorization, form)
    const tokens = clientCredentials(state, client, form, settings.tokenLifetime)
    return withIdToken(request, tokens, {
      client,
      identity: client.id,
      nonce: null,
      authTime: seconds(),
    })
  }

  /**
   * One token document with the others in it. That for Globus Auth comes first: the id token belongs to it.
   */
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
      // RFC 7009 section 2.1: a client revokes only its own tokens. globus-cli logs out as the template of
      // its client.
      const { issuedTo } = findToken(state, form.token) ?? {}
      if (issuedTo && [issuedTo.id, issuedTo.parent_client].includes(client.id))
        revokeToken(state, form.token)
      return { active: false }
    },
  )

  /** An older form of introspection: whether a token of the client is valid. */
  app.post<{ Body: unknown }>(
    '/v2/oauth2/token/validate',
    { config: { endpoint: () => 'introspect' } },
    async ({ body, headers }) => {
      const form = formOf(body)
      const client = identifyClient(state, headers.authorization, form)
      return { active: findToken(state, form.token ?? '')?.issuedTo.id === client.id }
    },
  )

  app.get('/v2/oauth2/userinfo', { config: { endpoint: () => 'userinfo' } }, async (request) => {
    const token = bearerOf(state, request)
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

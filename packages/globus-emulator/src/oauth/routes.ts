import type { FastifyInstance } from 'fastify'
import type { Endpoint } from '../endpoints.ts'
import { baseUrl, type Service } from '../service.ts'
import type { TokenDocument } from '../state/tokens.ts'
import { authenticateClient, type Form } from './client-authentication.ts'
import { clientCredentials } from './client-credentials.ts'
import { dependentTokens } from './dependent-token.ts'
import { oauthError } from './errors.ts'
import { introspect } from './introspect.ts'

const dependentTokenGrant = 'urn:globus:auth:grant_type:dependent_token'

/** The OAuth endpoints of Globus Auth. */
export async function oauthRoutes(app: FastifyInstance, { state, settings }: Service): Promise<void> {
  app.post<{ Body: Form }>(
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

  app.post<{ Body: Form }>('/v2/oauth2/token', { config: { endpoint: tokenEndpoint } }, async (request) => {
    const form = formOf(request.body)
    const { authorization } = request.headers
    const lifetime = settings.tokenLifetime
    switch (form.grant_type) {
      case dependentTokenGrant:
        return dependentTokens(state, authenticateClient(state, authorization, form), form, lifetime)
      case 'client_credentials':
        return nested(
          clientCredentials(state, authenticateClient(state, authorization, form), form, lifetime),
        )
      case undefined:
        throw oauthError('invalid_request', 'the form has no grant_type')
      default:
        throw oauthError('unsupported_grant_type', `${form.grant_type} is no grant type of Globus Auth`)
    }
  })
}

function tokenEndpoint(body: unknown): Endpoint {
  const { grant_type } = formOf(body)
  if (grant_type === dependentTokenGrant) return 'dependent_token'
  return grant_type === 'client_credentials' ? grant_type : 'token'
}

/** One token document holds the others, whichever comes first. */
function nested([first, ...others]: TokenDocument[]): TokenDocument & { other_tokens: TokenDocument[] } {
  if (!first) throw oauthError('invalid_scope', 'no scope was asked for')
  return { ...first, other_tokens: others }
}

/** The fields of a form that are single strings: a repeated one counts as missing (RFC 6749 section 3.2). */
function formOf(body: unknown): Form {
  return Object.fromEntries(Object.entries(body ?? {}).filter(([, value]) => typeof value === 'string'))
}

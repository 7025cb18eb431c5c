import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { bodyReader } from '../check.ts'
import { apiError, badRequest, forbidden, notFound } from '../errors.ts'
import { commaList } from '../request.ts'
import type { Service } from '../service.ts'
import { removeScope } from '../state/registration.ts'
import { addScope, findScope, scopeString } from '../state/scopes.ts'
import type { Client, DependentScope, Scope } from '../state/state.ts'
import { type Caller, callerOf, managedClient, manages } from './caller.ts'

type ById = { Params: { id: string } }

const fields = {
  name: Type.String({ minLength: 1 }),
  description: Type.String(),
  scope_suffix: Type.String({ pattern: '^[a-z0-9_]+$' }),
  required_domains: Type.Optional(Type.Array(Type.String())),
  advertised: Type.Optional(Type.Boolean()),
  allows_refresh_token: Type.Optional(Type.Boolean()),
  dependent_scopes: Type.Optional(
    Type.Array(
      Type.Object({
        scope: Type.String(),
        optional: Type.Boolean(),
        requires_refresh_token: Type.Boolean(),
      }),
    ),
  ),
}
const readNew = bodyReader('scope', Type.Object(fields))
const readChange = bodyReader('scope', Type.Partial(Type.Object(fields)))

/** Scopes, which other clients can ask for. */
export async function scopeRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  const config = { endpoint: () => 'api' as const }
  const viewing = ['manage_projects', 'view_clients_and_scopes']

  app.get<{ Querystring: { ids?: string | string[]; scope_strings?: string | string[] } }>(
    '/v2/api/scopes',
    { config },
    async (request) => {
      const caller = callerOf(state, request, viewing)
      const ids = commaList(request.query.ids)
      const texts = commaList(request.query.scope_strings)
      if (ids && texts) throw badRequest('Give ids or scope_strings, not both')
      const found = [...state.scopes.values()].filter((scope) =>
        ids || texts
          ? (ids?.includes(scope.id) || texts?.includes(scope.scope_string)) && visible(caller, scope)
          : managed(caller, scope),
      )
      return { scopes: found }
    },
  )

  app.get<ById>('/v2/api/scopes/:id', { config }, async (request) => {
    const caller = callerOf(state, request, viewing)
    const scope = state.scopes.get(request.params.id)
    if (!scope || !visible(caller, scope)) throw notFound('No such scope')
    return { scope }
  })

  app.get<ById>('/v2/api/clients/:id/scopes', { config }, async (request) => {
    const client = managedClient(state, request)
    const scopes = [...state.scopes.values()].filter((scope) => scope.client === client.id)
    return { scopes }
  })

  app.post<ById>('/v2/api/clients/:id/scopes', { config }, async (request) => {
    const client = managedClient(state, request)
    const { scope_suffix, dependent_scopes = [], ...given } = readNew(request.body)
    const text = freeScopeString(client, scope_suffix)
    const scope = addScope(state, client, {
      ...given,
      scope_string: text,
      dependent_scopes: checked(dependent_scopes),
    })
    return { scope }
  })

  app.put<ById>('/v2/api/scopes/:id', { config }, async (request) => {
    const [scope, client] = own(request)
    const { scope_suffix, dependent_scopes, ...given } = readChange(request.body)
    const text = scope_suffix === undefined ? scope.scope_string : scopeString(client, scope_suffix)
    if (scope_suffix !== undefined && text !== scope.scope_string) freeScopeString(client, scope_suffix)
    Object.assign(scope, given, {
      scope_string: text,
      dependent_scopes: dependent_scopes ? checked(dependent_scopes) : scope.dependent_scopes,
    })
    return { scope }
  })

  app.delete<ById>('/v2/api/scopes/:id', { config }, async (request) => {
    const [scope] = own(request)
    removeScope(state, scope)
    return { scope }
  })

  function managed(caller: Caller, scope: Scope): boolean {
    const client = state.clients.get(scope.client)
    return client !== undefined && manages(state, caller, client)
  }

  function visible(caller: Caller, scope: Scope): boolean {
    return (
      scope.advertised || state.clients.get(scope.client)?.visibility === 'public' || managed(caller, scope)
    )
  }

  function checked(dependents: DependentScope[]): DependentScope[] {
    const unknown = dependents.find(({ scope }) => !state.scopes.has(scope))
    if (unknown) throw badRequest(`scope/dependent_scopes: no scope has the id ${unknown.scope}`)
    return dependents
  }

  function freeScopeString(client: Client, suffix: string): string {
    const text = scopeString(client, suffix)
    if (findScope(state, text)) throw apiError(409, 'CONFLICT', `The client has a scope ${suffix} already`)
    return text
  }

  function own(request: FastifyRequest<ById>): [Scope, Client] {
    const caller = callerOf(state, request, ['manage_projects'])
    const scope = state.scopes.get(request.params.id)
    const client = state.clients.get(scope?.client ?? '')
    if (!scope || !client) throw notFound('No such scope')
    if (!manages(state, caller, client)) throw forbidden('You may not change this scope')
    return [scope, client]
  }
}

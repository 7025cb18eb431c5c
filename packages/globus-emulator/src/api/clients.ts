import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { apiError } from '../errors.ts'
import type { Service } from '../service.ts'
import { addClient, addCredential, isPublic, removeClient } from '../state/clients.ts'
import type { Client, ClientType } from '../state/state.ts'
import { bodyReader } from './body.ts'
import { administers, type Caller, callerOf, managedClient, manages } from './caller.ts'
import { clientDocument } from './documents.ts'

type ById = { Params: { id: string } }

const text = Type.String()
const nullable = Type.Union([text, Type.Null()])
const changeable = {
  name: Type.Optional(Type.String({ minLength: 1 })),
  visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])),
  redirect_uris: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z][a-z0-9+.-]*:' }))),
  links: Type.Optional(
    Type.Object({
      privacy_policy: Type.Optional(nullable),
      terms_and_conditions: Type.Optional(nullable),
    }),
  ),
  required_idp: Type.Optional(nullable),
  preselect_idp: Type.Optional(nullable),
}
const clientTypes = [
  'client_identity',
  'confidential_client',
  'globus_connect_server',
  'hybrid_confidential_client_resource_server',
  'public_installed_client',
  'public_webapp_client',
  'resource_server',
] as const satisfies readonly ClientType[]
const readChange = bodyReader('client', Type.Object(changeable))
const readNew = bodyReader(
  'client',
  Type.Object({
    ...changeable,
    name: Type.String({ minLength: 1 }),
    public_client: Type.Optional(Type.Boolean()),
    client_type: Type.Optional(Type.Union(clientTypes.map((type) => Type.Literal(type)))),
    project: Type.Optional(nullable),
    userinfo_from_effective_identity: Type.Optional(Type.Boolean()),
    prompt_for_named_grant: Type.Optional(Type.Boolean()),
    template_id: Type.Optional(text),
  }),
)

/** Clients: the programs that use Globus Auth. */
export async function clientRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  const config = { endpoint: () => 'api' as const }

  app.get<{ Querystring: { fqdn?: string; project_id?: string } }>(
    '/v2/api/clients',
    { config },
    async (request) => {
      const caller = callerOf(state, request, ['manage_projects', 'view_clients', 'view_clients_and_scopes'])
      const { fqdn, project_id } = request.query
      const clients = [...state.clients.values()]
      if (fqdn !== undefined) {
        const named = clients.find((client) => client.fqdns.includes(fqdn))
        if (!named) throw apiError(404, 'NOT_FOUND', 'No client has this fqdn')
        return { client: clientDocument(state, named) }
      }
      const own = clients.filter(
        (client) =>
          manages(state, caller, client) && (project_id === undefined || client.project === project_id),
      )
      return { clients: own.map((client) => clientDocument(state, client)) }
    },
  )

  app.post('/v2/api/clients', { config }, async (request) => {
    const { public_client, client_type, project, template_id, links, ...given } = readNew(request.body)
    if (template_id !== undefined) return instanceOf(template_id, given.name)
    if ((public_client === undefined) === (client_type === undefined)) {
      throw apiError(400, 'BAD_REQUEST', 'client: give either public_client or client_type')
    }
    const caller = callerOf(state, request, ['manage_projects'])
    const type =
      client_type ??
      (public_client ? 'public_installed_client' : 'hybrid_confidential_client_resource_server')
    const client = addClient(state, {
      ...given,
      client_type: type,
      ...owner(caller, project ?? null),
    })
    Object.assign(client.links, links)
    return { client: clientDocument(state, client) }
  })

  app.get<ById>('/v2/api/clients/:id', { config }, async (request) => {
    const caller = callerOf(state, request, ['manage_projects', 'view_clients', 'view_clients_and_scopes'])
    const client = state.clients.get(request.params.id)
    if (!client || (client.visibility === 'private' && !manages(state, caller, client))) throw noClient()
    return { client: clientDocument(state, client) }
  })

  app.put<ById>('/v2/api/clients/:id', { config }, async (request) => {
    const client = managedClient(state, request)
    const { links, ...given } = readChange(request.body)
    Object.assign(client, given)
    Object.assign(client.links, links)
    return { client: clientDocument(state, client) }
  })

  app.delete<ById>('/v2/api/clients/:id', { config }, async (request) => {
    const client = managedClient(state, request)
    const document = clientDocument(state, client)
    removeClient(state, client)
    return { client: document }
  })

  /** A copy of a native application that gets a secret of its own. Nobody needs to be logged in for it. */
  function instanceOf(template: string, name: string): object {
    const parent = state.clients.get(template)
    if (!parent || !isPublic(parent)) throw apiError(404, 'NOT_FOUND', 'template_id names no native client')
    const client = addClient(state, {
      name,
      client_type: 'confidential_client',
      parent_client: parent.id,
      redirect_uris: parent.redirect_uris,
      prompt_for_named_grant: false,
    })
    const credential = addCredential(state, client, { name: 'Auto-created at client creation' })
    return { client: clientDocument(state, client), included: { client_credential: credential } }
  }

  /** A person's client belongs to a project of theirs; a client's own new client has that client as its parent. */
  function owner(caller: Caller, project: string | null): Pick<Client, 'project' | 'parent_client'> {
    if (project === null && caller.identities.includes(caller.client.id)) {
      return { project: null, parent_client: caller.client.id }
    }
    if (project === null) throw apiError(400, 'BAD_REQUEST', 'client: give the project it belongs to')
    if (!administers(state, caller, state.projects.get(project))) {
      throw apiError(403, 'FORBIDDEN', 'You are not an admin of this project')
    }
    return { project, parent_client: null }
  }
}

function noClient(): Error {
  return apiError(404, 'NOT_FOUND', 'No such client')
}

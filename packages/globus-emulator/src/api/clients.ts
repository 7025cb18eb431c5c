import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { bodyReader } from '../check.ts'
import { badRequest, forbidden, notFound } from '../errors.ts'
import type { Service } from '../service.ts'
import { addClient, addCredential, credentialsOf, isPublic } from '../state/clients.ts'
import { removeClient } from '../state/registration.ts'
import { type Client, type Credential, clientTypes, type State } from '../state/state.ts'
import { administers, type Caller, callerOf, managedClient, manages } from './caller.ts'

type ById = { Params: { id: string } }

const text = Type.String()
const nullable = Type.Union([text, Type.Null()])
const changeable = {
  name: Type.Optional(Type.String({ minLength: 1 })),
  visibility: Type.Optional(Type.Enum(['public', 'private'])),
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
const readChange = bodyReader('client', Type.Object(changeable))
const readNew = bodyReader(
  'client',
  Type.Object({
    ...changeable,
    name: Type.String({ minLength: 1 }),
    public_client: Type.Optional(Type.Boolean()),
    client_type: Type.Optional(Type.Enum(clientTypes)),
    project: Type.Optional(nullable),
    userinfo_from_effective_identity: Type.Optional(Type.Boolean()),
    prompt_for_named_grant: Type.Optional(Type.Boolean()),
    template_id: Type.Optional(text),
  }),
)

const readCredential = bodyReader('credential', Type.Object({ name: Type.String({ minLength: 1 }) }))

/** Clients, the programs that use Globus Auth, and their secrets. */
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
        if (!named) throw notFound('No client has this fqdn')
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
      throw badRequest('client: give either public_client or client_type')
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
    if (!client || (client.visibility === 'private' && !manages(state, caller, client)))
      throw notFound('No such client')
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

  app.get<ById>('/v2/api/clients/:id/credentials', { config }, async (request) => ({
    credentials: credentialsOf(state, managedClient(state, request)).map(credentialDocument),
  }))

  app.post<ById>('/v2/api/clients/:id/credentials', { config }, async (request) => {
    const client = managedClient(state, request)
    if (isPublic(client)) throw badRequest('A public client cannot keep a secret')
    return { credential: addCredential(state, client, readCredential(request.body)) }
  })

  app.delete<{ Params: { id: string; credential: string } }>(
    '/v2/api/clients/:id/credentials/:credential',
    { config },
    async (request) => {
      const client = managedClient(state, request)
      const credential = state.credentials.get(request.params.credential)
      if (credential?.client !== client.id) throw notFound('No such credential of this client')
      state.credentials.delete(credential.id)
      return { credential: credentialDocument(credential) }
    },
  )

  /** Makes an instance of a native client, with a secret of its own. That needs no authentication. */
  function instanceOf(template: string, name: string): object {
    const parent = state.clients.get(template)
    if (!parent || !isPublic(parent)) throw notFound('template_id names no native client')
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

  /**
   * The client of a person belongs to one of their projects. The client of a client has that one as its
   * parent.
   */
  function owner(caller: Caller, project: string | null): Pick<Client, 'project' | 'parent_client'> {
    if (project === null && caller.identities.includes(caller.client.id)) {
      return { project: null, parent_client: caller.client.id }
    }
    if (project === null) throw badRequest('client: give the project it belongs to')
    if (!administers(state, caller, state.projects.get(project))) {
      throw forbidden('You are not an admin of this project')
    }
    return { project, parent_client: null }
  }
}

function clientDocument(state: State, client: Client): object {
  const { resource_server: _, ...document } = client
  return {
    ...document,
    public_client: isPublic(client),
    grant_types: isPublic(client)
      ? ['authorization_code', 'refresh_token']
      : [
          'authorization_code',
          'client_credentials',
          'refresh_token',
          'urn:globus:auth:grant_type:dependent_token',
        ],
    scopes: [...state.scopes.values()].filter((scope) => scope.client === client.id).map(({ id }) => id),
  }
}

/** A credential shows its secret once, in the answer to the request that makes it. */
function credentialDocument(credential: Credential): object {
  return { ...credential, secret: null }
}

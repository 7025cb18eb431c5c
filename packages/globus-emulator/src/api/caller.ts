import type { FastifyRequest } from 'fastify'
import { apiError, forbidden, notFound } from '../errors.ts'
import { authenticateClient, bearerOf, carries } from '../oauth/authentication.ts'
import { identitySet } from '../state/identities.ts'
import type { Client, Project, State } from '../state/state.ts'

const prefix = 'urn:globus:auth:scope:auth.globus.org:'

/** Who sends a request: a client with its secret, or the owner of a token for Globus Auth. */
export type Caller = { identities: string[]; client: Client }

/**
 * Authenticates the sender of a request.
 *
 * @param scopes suffixes of scopes of Globus Auth, of which a token must carry one; without any, each token
 * for Globus Auth will do
 * @throws ServiceError 401, 403
 */
export function callerOf(state: State, request: FastifyRequest, scopes: readonly string[] = []): Caller {
  const { authorization } = request.headers
  if (/^basic /i.test(authorization ?? '')) {
    const client = authenticateClient(state, authorization, {})
    return { identities: [client.id], client }
  }
  const token = bearerOf(state, request)
  if (!token) throw apiError(401, 'UNAUTHORIZED', 'Call must be authenticated')
  const needed = scopes.map((name) => prefix + name)
  if (
    token.resourceServer.resource_server !== 'auth.globus.org' ||
    (needed.length > 0 && !carries(token, needed))
  ) {
    throw forbidden(`The token carries none of the scopes ${needed.join(' ')}`)
  }
  return { identities: identitySet(state, token.owner).map(({ id }) => id), client: token.issuedTo }
}

/** Whether the caller is an admin of the project, or a member of a group that is. */
export function administers(state: State, caller: Caller, project: Project | undefined): boolean {
  if (!project) return false
  const groupMembers = project.admin_group_ids.flatMap((id) =>
    (state.groups.get(id)?.memberships ?? [])
      .filter(({ status }) => status === 'active')
      .map(({ identity }) => identity),
  )
  return [...project.admin_ids, ...groupMembers].some((id) => caller.identities.includes(id))
}

/** Whether the caller may change the client: an admin of its project, its parent, or the client itself. */
export function manages(state: State, caller: Caller, client: Client): boolean {
  return (
    caller.identities.includes(client.id) ||
    (client.parent_client !== null && caller.identities.includes(client.parent_client)) ||
    administers(state, caller, state.projects.get(client.project ?? ''))
  )
}

/**
 * The client that the path names, if the sender may change it.
 *
 * @throws ServiceError 401, 403, 404
 */
export function managedClient(state: State, request: FastifyRequest<{ Params: { id: string } }>): Client {
  const caller = callerOf(state, request, ['manage_projects'])
  const client = state.clients.get(request.params.id)
  if (!client) throw notFound('No such client')
  if (!manages(state, caller, client)) throw forbidden('You may not change this client')
  return client
}

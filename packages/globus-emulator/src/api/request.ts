import type { FastifyRequest } from 'fastify'
import type { Static, TObject } from 'typebox'
import Value from 'typebox/value'
import { checker } from '../check.ts'
import { apiError, type ServiceError } from '../errors.ts'
import { authenticateClient, bearerOf, carries } from '../oauth/authentication.ts'
import { identitySet } from '../state/identities.ts'
import type { Client, Project, State } from '../state/state.ts'

const prefix = 'urn:globus:auth:scope:auth.globus.org:'

/** Who sends a request: a client with its secret, or the owner of a token for Globus Auth. */
export type Caller = { identities: string[]; client: Client }

/**
 * Authenticates the sender of a request.
 *
 * @param scopes suffixes of scopes of Globus Auth, of which a token must carry one; without any, each token for Globus
 *   Auth will do
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

/**
 * Makes a reader of request bodies of the form `{"client": {…}}`.
 *
 * @throws ServiceError 400 that names the field, when the content is not as the schema says
 */
export function bodyReader<Schema extends TObject>(
  envelope: string,
  schema: Schema,
): (body: unknown) => Static<Schema> {
  const check = checker(schema, (problem) => badRequest(`${envelope}: ${problem}`))
  return (body) => {
    const content = check((body as Record<string, unknown> | null | undefined)?.[envelope])
    // Fields that the schema does not name are dropped: a body must not set an id, or an owner.
    return Value.Clean(schema, structuredClone(content)) as Static<Schema>
  }
}

export function badRequest(problem: string): ServiceError {
  return apiError(400, 'BAD_REQUEST', problem)
}

export function notFound(problem: string): ServiceError {
  return apiError(404, 'NOT_FOUND', problem)
}

export function forbidden(problem: string): ServiceError {
  return apiError(403, 'FORBIDDEN', problem)
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ServiceError } from './errors.ts'
import type { Endpoint } from './faults.ts'
import { bearerOf, carries } from './oauth/authentication.ts'
import { commaList } from './request.ts'
import type { Service } from './service.ts'
import { identitySet } from './state/identities.ts'
import { groupsScope } from './state/services.ts'
import type { Group, Identity, State } from './state/state.ts'
import type { LiveToken } from './state/tokens.ts'

const scopes = [
  groupsScope,
  'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_membership',
  'urn:globus:auth:scope:groups.api.globus.org:all',
]

/** The part of Globus Groups that answers with the groups of the caller. */
export async function groupsRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  const config = { endpoint: (): Endpoint => 'groups' }

  app.get<{ Querystring: { statuses?: string | string[] } }>(
    '/v2/groups/my_groups',
    { config },
    async (request) => {
      const { owner } = caller(state, request)
      const statuses = commaList(request.query.statuses) ?? ['active']
      return [...state.groups.values()]
        .map((group) => groupDocument(state, group, owner, statuses))
        .filter((group) => group.my_memberships.length > 0)
    },
  )

  app.get<{ Params: { id: string } }>('/v2/groups/:id', { config }, async (request) => {
    const { owner } = caller(state, request)
    const group = state.groups.get(request.params.id)
    const document = group && groupDocument(state, group, owner, ['active', 'invited', 'pending'])
    if (!document || document.my_memberships.length === 0) {
      throw new ServiceError(
        404,
        { code: 'NOT_FOUND', detail: `Could not find group with id=${request.params.id}` },
        'no group of the caller has this id',
      )
    }
    return document
  })
}

function caller(state: State, request: FastifyRequest): LiveToken {
  const token = bearerOf(state, request)
  if (!token) {
    const detail = 'Missing, expired or revoked bearer token'
    throw new ServiceError(401, { code: 'UNAUTHORIZED', detail }, detail, {
      'www-authenticate': 'Bearer',
    })
  }
  if (!carries(token, scopes)) {
    const provided = token.grants.map(({ scopeRecord }) => scopeRecord.scope_string)
    const detail = `Missing required scopes: ${groupsScope}`
    throw new ServiceError(403, { code: 'FORBIDDEN', detail, provided_scopes: provided }, detail)
  }
  return token
}

function groupDocument(
  state: State,
  group: Group,
  caller: Identity,
  statuses: readonly string[],
): { my_memberships: unknown[] } & Record<string, unknown> {
  const mine = identitySet(state, caller)
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    parent_id: null,
    group_type: 'regular',
    enforce_session: false,
    session_limit: 28_800,
    session_timeouts: {},
    my_memberships: group.memberships.flatMap(({ identity, role, status }) => {
      const member = mine.find(({ id }) => id === identity)
      if (!member || !statuses.includes(status)) return []
      return [{ group_id: group.id, identity_id: identity, username: member.username, role, status }]
    }),
    policies: { group_visibility: 'private', group_members_visibility: 'managers' },
  }
}

import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { bodyReader } from '../check.ts'
import { apiError, badRequest, notFound } from '../errors.ts'
import type { Service } from '../service.ts'
import type { Group, Project, State } from '../state/state.ts'
import { administers, callerOf } from './caller.ts'
import { identityDocument } from './identities.ts'

type ById = { Params: { id: string } }

const fields = {
  display_name: Type.String({ minLength: 1 }),
  contact_email: Type.String({ minLength: 1 }),
  admin_ids: Type.Optional(Type.Array(Type.String())),
  admin_group_ids: Type.Optional(Type.Array(Type.String())),
}
const readNew = bodyReader('project', Type.Object(fields))
const readChange = bodyReader('project', Type.Partial(Type.Object(fields)))

/** Projects: they say who may change which clients. */
export async function projectRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  const config = { endpoint: () => 'api' as const }

  app.get('/v2/api/projects', { config }, async (request) => {
    const caller = callerOf(state, request, ['manage_projects'])
    const own = [...state.projects.values()].filter((project) => administers(state, caller, project))
    return { projects: own.map((project) => projectDocument(state, project)) }
  })

  app.post('/v2/api/projects', { config }, async (request) => {
    callerOf(state, request, ['manage_projects'])
    const { display_name, contact_email, admin_ids = [], admin_group_ids = [] } = readNew(request.body)
    if (admin_ids.length + admin_group_ids.length === 0) {
      throw badRequest('project: give admin_ids or admin_group_ids')
    }
    const project = {
      id: randomUUID(),
      project_name: display_name,
      display_name,
      contact_email,
      admin_ids,
      admin_group_ids,
    }
    state.projects.set(project.id, project)
    return { project: projectDocument(state, project) }
  })

  app.get<ById>('/v2/api/projects/:id', { config }, async (request) => ({
    project: projectDocument(state, own(request)),
  }))

  app.put<ById>('/v2/api/projects/:id', { config }, async (request) => {
    const project = own(request)
    Object.assign(project, readChange(request.body))
    project.project_name = project.display_name
    return { project: projectDocument(state, project) }
  })

  app.delete<ById>('/v2/api/projects/:id', { config }, async (request) => {
    const project = own(request)
    if ([...state.clients.values()].some((client) => client.project === project.id)) {
      throw apiError(409, 'CONFLICT', 'The project still has clients')
    }
    state.projects.delete(project.id)
    return { project: projectDocument(state, project) }
  })

  function own(request: FastifyRequest<ById>): Project {
    const caller = callerOf(state, request, ['manage_projects'])
    const project = state.projects.get(request.params.id)
    if (!project || !administers(state, caller, project)) throw notFound('No such project of yours')
    return project
  }
}

function projectDocument(state: State, project: Project): object {
  const { admin_ids, admin_group_ids } = project
  return {
    ...project,
    admin_ids: admin_ids.length > 0 ? admin_ids : null,
    admin_group_ids: admin_group_ids.length > 0 ? admin_group_ids : null,
    admins: {
      identities: admin_ids.flatMap((id) => state.identities.get(id) ?? []).map(identityDocument),
      groups: admin_group_ids.flatMap((id) => state.groups.get(id) ?? []).map(adminGroup),
    },
  }
}

function adminGroup({ id, name, description }: Group): object {
  return { id, name, description, organization: null }
}

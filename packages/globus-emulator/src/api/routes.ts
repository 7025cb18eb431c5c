import type { FastifyInstance } from 'fastify'
import type { Service } from '../service.ts'
import { clientRoutes } from './clients.ts'
import { credentialRoutes } from './credentials.ts'
import { identityRoutes } from './identities.ts'
import { projectRoutes } from './projects.ts'
import { scopeRoutes } from './scopes.ts'

/** The API of Globus Auth: documents in envelopes, for developers and services. */
export async function apiRoutes(app: FastifyInstance, service: Service): Promise<void> {
  for (const routes of [projectRoutes, clientRoutes, credentialRoutes, scopeRoutes, identityRoutes]) {
    await app.register(routes, service)
  }
}

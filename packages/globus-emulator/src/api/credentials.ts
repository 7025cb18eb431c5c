import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { apiError } from '../errors.ts'
import type { Service } from '../service.ts'
import { addCredential, credentialsOf, isPublic } from '../state/clients.ts'
import { bodyReader } from './body.ts'
import { managedClient } from './caller.ts'
import { credentialDocument } from './documents.ts'

type OfClient = { Params: { id: string } }
type ById = { Params: { id: string; credential: string } }

const readNew = bodyReader('credential', Type.Object({ name: Type.String({ minLength: 1 }) }))

/** The secrets of clients. */
export async function credentialRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  const config = { endpoint: () => 'api' as const }

  app.get<OfClient>('/v2/api/clients/:id/credentials', { config }, async (request) => ({
    credentials: credentialsOf(state, managedClient(state, request)).map(credentialDocument),
  }))

  app.post<OfClient>('/v2/api/clients/:id/credentials', { config }, async (request) => {
    const client = managedClient(state, request)
    if (isPublic(client)) throw apiError(400, 'BAD_REQUEST', 'A public client can keep no secret')
    return { credential: addCredential(state, client, readNew(request.body)) }
  })

  app.delete<ById>('/v2/api/clients/:id/credentials/:credential', { config }, async (request) => {
    const client = managedClient(state, request)
    const credential = state.credentials.get(request.params.credential)
    if (credential?.client !== client.id)
      throw apiError(404, 'NOT_FOUND', 'No such credential of this client')
    state.credentials.delete(credential.id)
    return { credential: credentialDocument(credential) }
  })
}

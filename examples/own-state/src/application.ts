import {
  ActionNotFound,
  type ActionProvider,
  type Auth,
  actionProvider,
  authorizeAccess,
  authorizeManagement,
  createApplication,
} from 'action-provider-tools'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createState, type Input } from './state.ts'
import { watchasayOn } from './watchasay.ts'

/** The provider, and beside it routes of its author's own, which let in whom the provider would let in. */
export async function createWatchasay(
  auth: Auth,
  options: Parameters<typeof createApplication>[0] = {},
): Promise<{ app: FastifyInstance; provider: ActionProvider<Input> }> {
  const state = createState()
  const provider = watchasayOn(state)
  const app = createApplication(options)
  await app.register(actionProvider, { prefix: '/skeleton', provider, auth })

  const callerOf = ({ headers: { authorization = '' } }: FastifyRequest) =>
    auth.authenticate(authorization.replace(/^Bearer /i, ''), provider.additionalScopes)

  app.get<{ Params: { id: string } }>('/said/:id', async (request) => {
    const caller = await callerOf(request)
    const status = state.find(request.params.id)
    if (status === undefined) throw new ActionNotFound()
    await authorizeAccess(caller, status)
    return status.details
  })

  app.delete<{ Params: { id: string } }>('/said/:id', async (request) => {
    const caller = await callerOf(request)
    const status = state.find(request.params.id)
    if (status === undefined) throw new ActionNotFound()
    await authorizeManagement(caller, status)
    const unsaid = { ...status, details: { you_said: '' } }
    state.change(unsaid)
    return unsaid.details
  })

  return { app, provider }
}

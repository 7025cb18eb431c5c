import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.ts'
import type { Service } from '../service.ts'
import { version } from '../version.ts'
import { refuseForeignOrigin } from '../web/origin.ts'
import { operationNames } from './administration.ts'
import { administer } from './operations.ts'

/** The administration over HTTP: `POST /emulator/<operation>` with its argument as JSON. */
export async function administrationRoutes(app: FastifyInstance, service: Service): Promise<void> {
  const administration = administer(service)

  app.addHook('onRequest', refuseForeignOrigin)

  app.get('/emulator', async () => ({ emulator: 'globus', version }))

  for (const name of operationNames) {
    app.post(`/emulator/${name}`, async ({ body }, reply) => {
      try {
        const operation = administration[name] as (argument: unknown) => Promise<unknown>
        return reply.type('application/json').send(JSON.stringify((await operation(body ?? {})) ?? null))
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new ServiceError(400, { error: reason }, reason)
      }
    })
  }
}

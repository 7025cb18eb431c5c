import formbody from '@fastify/formbody'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from 'fastify'
import { administrationRoutes } from './administration/routes.ts'
import { apiRoutes } from './api/routes.ts'
import { allowAnyOrigin } from './cors.ts'
import { readingEndpoints } from './endpoints.ts'
import { errorDocument, ServiceError } from './errors.ts'
import { nextFault, strike } from './faults.ts'
import { groupsRoutes } from './groups/routes.ts'
import { isLoopback } from './loopback.ts'
import { oauthRoutes } from './oauth/routes.ts'
import type { Service } from './service.ts'
import { webRoutes } from './web/routes.ts'

/** The HTTP server over one emulator's state, not yet listening. */
export function createServer(service: Service, log: FastifyBaseLogger | false): FastifyInstance {
  const app = Fastify({
    ...(log ? { loggerInstance: log } : {}),
    // Fastify would log whole URLs, which hold codes.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
  })
  app.register(formbody)

  app.addHook('onRequest', async ({ hostname }) => {
    // A page whose name was made to point at this machine would otherwise be of the emulator's own origin.
    if (!isLoopback(hostname)) {
      throw new ServiceError(403, { error: 'forbidden_host' }, 'the emulator answers on loopback names only')
    }
  })
  app.addHook('preHandler', async (request, reply) => {
    const endpoint = request.routeOptions.config.endpoint?.(request.body)
    const fault = endpoint && nextFault(service.faults, endpoint)
    if (fault) await strike(fault, reply)
  })
  app.addHook('onSend', async (request) => {
    if (!readingEndpoints.has(request.routeOptions.config?.endpoint?.(request.body))) await service.save()
  })
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: request.url.replace(/\?.*/s, ''),
        status: reply.statusCode,
        milliseconds: Math.round(reply.elapsedTime),
        reason: reply.getHeader('emulator-reason'),
      },
      'answered',
    )
  })

  app.setErrorHandler<FastifyError | ServiceError>(async (error, request, reply) => {
    if (error instanceof ServiceError) {
      reply.header('emulator-reason', error.message.replace(/[^\x20-\x7e]/g, '?').slice(0, 1000))
      return reply.code(error.status).headers(error.headers).send(error.body)
    }
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error({ error }, 'the emulator failed')
    return reply.code(status).send({ error: status < 500 ? 'invalid_request' : 'server_error' })
  })
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send(errorDocument(404, 'NOT_FOUND', 'No such resource')),
  )

  app.register(async (open) => {
    allowAnyOrigin(open)
    for (const routes of [oauthRoutes, apiRoutes, groupsRoutes]) await open.register(routes, service)
  })
  app.register(webRoutes, service)
  app.register(administrationRoutes, service)
  return app
}

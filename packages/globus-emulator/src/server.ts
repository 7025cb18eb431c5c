import formbody from '@fastify/formbody'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  LogController,
} from 'fastify'
import { administrationRoutes } from './administration/operations.ts'
import { clientRoutes } from './api/clients.ts'
import { identityRoutes } from './api/identities.ts'
import { projectRoutes } from './api/projects.ts'
import { scopeRoutes } from './api/scopes.ts'
import { errorDocument, ServiceError } from './errors.ts'
import { nextFault, readingEndpoints, strike } from './faults.ts'
import { groupsRoutes } from './groups.ts'
import { oauthRoutes } from './oauth/routes.ts'
import { isLoopback } from './request.ts'
import type { Service } from './service.ts'
import { webRoutes } from './web/routes.ts'

/** The HTTP server of an emulator, not yet listening. */
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
    // A web page whose name resolves to this machine (DNS rebinding) would otherwise share the emulator's
    // origin.
    if (!isLoopback(hostname)) {
      throw new ServiceError(403, { error: 'forbidden_host' }, 'the emulator answers to loopback names only')
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
    const api = [projectRoutes, clientRoutes, scopeRoutes, identityRoutes]
    for (const routes of [oauthRoutes, ...api, groupsRoutes]) await open.register(routes, service)
  })
  app.register(webRoutes, service)
  app.register(administrationRoutes, service)
  return app
}

const anyOrigin = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'retry-after, www-authenticate',
}

/**
 * Lets web applications of any origin call the routes of `app`, as Globus does for its JavaScript SDK. It is
 * only for routes that use no cookie: their callers bring a token, a secret or a code.
 */
function allowAnyOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.origin !== undefined) reply.headers(anyOrigin)
  })

  app.options('/v2/*', async (_request, reply) =>
    reply
      .code(204)
      .headers({
        ...anyOrigin,
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        'access-control-allow-headers': 'authorization, content-type, x-globus-client-info',
        'access-control-max-age': '600',
      })
      .send(),
  )
}

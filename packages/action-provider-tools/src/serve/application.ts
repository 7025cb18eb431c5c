import Fastify, { type FastifyInstance, type FastifyServerOptions, LogController } from 'fastify'
import { answerError, answerNoRoute } from '../http/error-answers.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { observability } from '../telemetry/observability.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { traceIdOf } from '../telemetry/tracing.ts'

/** How an application is made. */
export type ApplicationOptions = {
  logLevel?: string
  bodyLimit?: number
  logger?: FastifyServerOptions['logger']
  /** What `/metrics` shows, from `createMetrics` (default: none, and no such route). */
  metrics?: Metrics
}

/**
 * A Fastify application on which providers can be registered: its own errors are error documents too, `/healthz` says that
 * it lives and `/readyz` that it can serve, its log holds no token, no query and no body, and every answer tells in
 * `X-Request-Id` what its lines of the log are found by.
 *
 * @example
 * const app = createApplication()
 * await app.register(actionProvider, { prefix: '/echo', provider: echo, auth, store })
 * await app.listen({ port: 5000 })
 */
export function createApplication(options: ApplicationOptions = {}): FastifyInstance {
  const app = Fastify({
    logger: loggerOf(options),
    bodyLimit: options.bodyLimit ?? 1024 * 1024,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    // A request that arrives on an open connection while the rest is being finished is still answered as usual.
    return503OnClosing: false,
    // A client that sends slower than this holds a connection for nothing.
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    clientErrorHandler(error, socket) {
      if (error.code === 'ECONNRESET' || !socket.writable) return
      const body = JSON.stringify({
        code: 'BadActionRequest',
        description: 'The request is not well-formed HTTP',
      })
      socket.end(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      )
    },
  })
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => answerNoRoute(request, reply, []))
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  app.register(observability, options.metrics ? { metrics: options.metrics } : {})
  app.addHook('onResponse', async (request, reply) => {
    const { operation, action_id } = request.operation ?? {}
    request.log.info(
      {
        req: request,
        operation,
        action_id,
        trace_id: traceIdOf(request),
        statusCode: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 10) / 10,
      },
      'Answered',
    )
  })
  closeIdleConnections(app)
  return app
}

/** Once it listens no more, a connection is closed as soon as its last answer is out: else each would be kept for a minute. */
function closeIdleConnections(app: FastifyInstance): void {
  app.addHook('preClose', (done) => {
    const { server } = app
    const timer = setInterval(() => server.listening || server.closeIdleConnections(), 50)
    server.once('close', () => clearInterval(timer))
    timer.unref()
    done()
  })
}

/** The author's logger, as they gave it; but a request is logged without its query, which may hold anything. */
function loggerOf({
  logger,
  logLevel = 'info',
}: ApplicationOptions): NonNullable<FastifyServerOptions['logger']> {
  if (logger === false) return false
  const given = typeof logger === 'object' ? logger : {}
  return {
    level: logLevel,
    ...given,
    serializers: {
      req: (request) => ({ method: request.method, path: request.url.split('?', 1)[0], from: request.ip }),
      ...given.serializers,
    },
  }
}

import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { answerError, answerNoRoute } from '../http/error-answers.ts'
import { errorFacts } from '../telemetry/error-facts.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { observability } from '../telemetry/observability.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { traceIdOf } from '../telemetry/tracing.ts'
import { answerClientError } from './client-errors.ts'
import { closeUselessConnections } from './connections.ts'
import { makeChildrenLate } from './late-children.ts'
import { type Limits, limits } from './limits.ts'
import { SECURITY_HEADERS, SecuredAnswer, writesHeads } from './secured-answer.ts'

/** How an application is made. */
export type ApplicationOptions = {
  logLevel?: string
  bodyLimit?: number
  logger?: FastifyServerOptions['logger']
  /** What `/metrics` shows, from `createMetrics` (default: none, and no such route). */
  metrics?: Metrics
  /** How many of the requests that bring no trace along are traced, from 0 to 1: see `observability` (default 1). */
  traceShare?: number
  /** How long a client may take to send a request, in milliseconds (default: a minute). */
  requestTimeout?: number
  /** The proxies that may say in `X-Forwarded-For` who asks, as Fastify takes them (default: none). */
  trustProxy?: FastifyServerOptions['trustProxy']
  /** How much it takes on at the same time, and from each caller. */
  limits?: Limits
}

const MINUTE = 60_000

/**
 * A Fastify application on which providers can be registered: its own errors are error documents too, `/healthz` says that
 * it lives and `/readyz` that it can serve, its log holds no token, no query and no body, errors of HTTP clients included, and every answer tells in
 * `X-Request-Id` what its lines of the log are found by. It takes on no more than it can do: see docs/reliability.md.
 *
 * @example
 * const app = createApplication()
 * await app.register(actionProvider, { prefix: '/echo', provider: echo, auth, store })
 * await app.listen({ port: 5000 })
 */
export function createApplication(options: ApplicationOptions = {}): FastifyInstance {
  const { requestTimeout = MINUTE, trustProxy } = options
  const app = Fastify({
    logger: loggerOf(options),
    bodyLimit: options.bodyLimit ?? 1024 * 1024,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    // A request that arrives on an open connection while the rest is being finished is still answered as usual.
    return503OnClosing: false,
    // A client that sends slower than this holds a connection for nothing.
    requestTimeout,
    http: {
      headersTimeout: requestTimeout / 4,
      connectionsCheckingInterval: requestTimeout / 12,
      // Finds out that the other side is gone without having said so.
      keepAlive: true,
      keepAliveInitialDelay: requestTimeout,
      ...(writesHeads && { ServerResponse: SecuredAnswer }),
    },
    ...(trustProxy !== undefined && { trustProxy }),
    routerOptions: { maxParamLength: 256 },
    frameworkErrors(error, request, reply) {
      addHeaders(request, reply)
      answerError(error, request, reply)
    },
    clientErrorHandler: answerClientError,
  })
  // Without a log they are all the same, shared by every application.
  if (options.logger !== false) makeChildrenLate(app.log)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => answerNoRoute(request, reply, []))
  app.addHook('onRequest', (request, reply, done) => {
    addHeaders(request, reply)
    done()
  })
  app.register(limits, options.limits ?? {})
  const { metrics, traceShare } = options
  app.register(observability, {
    ...(metrics && { metrics }),
    ...(traceShare !== undefined && { traceShare }),
  })
  app.addHook('onResponse', (request, reply, done) => {
    done()
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
  closeUselessConnections(app, 2 * requestTimeout)
  return app
}

function addHeaders(request: FastifyRequest, reply: FastifyReply): void {
  if (reply.raw instanceof SecuredAnswer) reply.raw.requestId = request.id
  else reply.headers(SECURITY_HEADERS).header('x-request-id', request.id)
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
      err: errorFacts,
      ...given.serializers,
    },
  }
}

import type { Socket } from 'node:net'
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { answerErrorFinally, noRoute } from '../http/error-answers.ts'
import { operationOf } from '../http/operation.ts'
import { errorFacts } from '../log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { observability } from '../telemetry/telemetry.ts'
import { traceIdOf } from '../telemetry/tracing.ts'
import { requestIdOf, SECURITY_HEADERS } from './answer-headers.ts'
import { answerClientError, answerExpectation, assertUnambiguous } from './client-errors.ts'
import { type Limits, limits } from './limits.ts'

/** The options of an application. */
type ApplicationOptions = {
  logLevel?: string
  bodyLimit?: number
  logger?: FastifyServerOptions['logger']
  /** What `/metrics` shows, from `createMetrics` (default: none, and no such route). */
  metrics?: Metrics
  /**
   * The share of requests without a `traceparent` that are traced, from 0 to 1: see `observability` (default
   * 1).
   */
  traceShare?: number
  /** How long a client may take to send a request, in milliseconds (default: a minute). */
  requestTimeout?: number
  /** The proxies whose `X-Forwarded-For` is trusted, as Fastify takes them (default: none). */
  trustProxy?: FastifyServerOptions['trustProxy']
  /** Its limits of load, in all and for each caller. */
  limits?: Limits
}

const MINUTE = 60_000

/**
 * A Fastify application on which providers can be registered. Its own errors are error documents too.
 * `/healthz` shows that it runs and `/readyz` that it can serve. Its log holds no token, query or body, not
 * even from errors of HTTP clients. The log lines of a request have the `X-Request-Id` of its answer. It
 * limits its load: see docs/reliability.md. An error that no plugin answers skips the `onSend` hooks, because
 * one of them may have thrown it.
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
    // Requests that arrive on open connections during the shutdown are still answered.
    return503OnClosing: false,
    // Ends connections of clients that send too slowly.
    requestTimeout,
    http: {
      headersTimeout: requestTimeout / 4,
      connectionsCheckingInterval: requestTimeout / 12,
      // Detects a peer that is gone without closing the connection.
      keepAlive: true,
      keepAliveInitialDelay: requestTimeout,
      // `assertUnambiguous` refuses such a request, in JSON.
      requireHostHeader: false,
    },
    ...(trustProxy !== undefined && { trustProxy }),
    routerOptions: { maxParamLength: 256 },
    frameworkErrors(error, request, reply) {
      addHeaders(request, reply)
      answerErrorFinally(error, request, reply)
    },
    clientErrorHandler: answerClientError,
  })
  app.server.on('checkExpectation', answerExpectation)
  app.setErrorHandler(answerErrorFinally)
  app.setNotFoundHandler((request, reply) => answerErrorFinally(noRoute(request, []), request, reply))
  app.addHook('onRequest', (request, reply, done) => {
    addHeaders(request, reply)
    assertUnambiguous(request.raw)
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
    const { operation, action_id } = operationOf(request) ?? {}
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
  reply.headers(SECURITY_HEADERS).header('x-request-id', request.id)
}

/** The author's logger. A request is logged without its query, which may hold anything. */
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

/** How often idle connections are closed while the application stops, in milliseconds. */
const STOPPING = 50

/**
 * Closes connections whose client does not read its answer, and idle ones once the application no longer
 * listens. Node would keep idle ones for a minute.
 * @param patience how long a client may leave its answer unread, in milliseconds; it may be up to half longer
 */
function closeUselessConnections(app: FastifyInstance, patience: number): void {
  const { server } = app
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  // Cheaper than `server.timeout`, which Node sets and clears with every request.
  const limitStuck = (): void => {
    for (const socket of open) if (socket.writableLength > 0 && !socket.timeout) socket.setTimeout(patience)
  }
  const looking = setInterval(limitStuck, patience / 2).unref()
  app.addHook('onClose', async () => clearInterval(looking))

  app.addHook('preClose', (done) => {
    // To Node, a connection that has sent nothing is not idle.
    const closing = setInterval(() => {
      if (server.listening) return
      server.closeIdleConnections()
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    }, STOPPING).unref()
    server.once('close', () => clearInterval(closing))
    done()
  })
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ServiceUnavailable } from '../errors.ts'
import type { Metrics } from './metrics.ts'
import { createReadiness, type Readiness } from './readiness.ts'

/** What of an application is shown. */
export type ObservabilityOptions = {
  /** The metrics that `/metrics` shows (default: none, and no such route). */
  metrics?: Metrics
  /**
   * How many of the requests that bring no trace along are traced where an OpenTelemetry SDK is there, from 0 to 1 (default 1: all
   * that its sampler takes). A request that is not chosen costs nothing, which a sampler's no does.
   */
  traceShare?: number
}

/** What providers that are registered later find on the application. */
export type Observability = {
  readonly metrics?: Metrics
  readonly traceShare: number
  /** Says what must be reachable for this instance to be ready. */
  readonly needs: Readiness['needs']
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Read through `observabilityOf`. */
    observability?: Observability
  }
  interface FastifyContextConfig {
    /** Set by routes that are answered however busy the application is, read through `isProbe`. */
    probe?: boolean
  }
}

/** What of an application is shown; `undefined` where nothing is. */
export function observabilityOf(app: FastifyInstance): Observability | undefined {
  return app.observability
}

/** Whether a request only looks how the application is. */
export function isProbe({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.probe === true
}

/**
 * Lets an application be looked at: `/healthz` (it lives), `/readyz` (it can serve) and, with metrics, `/metrics`. Register it before the
 * providers that it is to see. `createApplication` has done so already.
 *
 * @example
 * const metrics = createMetrics()
 * await app.register(observability, { metrics })
 * await app.register(actionProvider, { provider, store, auth: globusAuth({ …, onCall: metrics.authCall }) })
 */
export const observability = fastifyPlugin(
  async (app: FastifyInstance, { metrics, traceShare = 1 }: ObservabilityOptions): Promise<void> => {
    const readiness = createReadiness(app.log)
    app.decorate('observability', { needs: readiness.needs, traceShare, ...(metrics && { metrics }) })
    app.addHook('preClose', async () => readiness.drain())

    // Those who ask every few seconds whether all is well need not be in the log, and are answered however busy it is.
    const quiet = { logLevel: 'warn', config: { probe: true } } as const
    app.get('/healthz', quiet, async () => ({ status: 'ok' }))
    app.get('/readyz', quiet, async (_request, reply) => {
      try {
        await readiness.check()
        return { status: 'ready' }
      } catch (error) {
        if (!(error instanceof ServiceUnavailable)) throw error
        return reply.code(error.status).headers(error.headers).send(error.toDocument())
      }
    })
    if (!metrics) return
    const { registry } = metrics
    app.get('/metrics', quiet, async (_request, reply) =>
      reply.type(registry.contentType).send(await registry.metrics()),
    )
  },
  { name: 'action-provider-observability', fastify: '5.x' },
)

import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ServiceUnavailable } from '../errors.ts'
import type { Metrics } from './metrics.ts'
import { createReadiness, type Readiness } from './readiness.ts'

/** What an application shows of itself. */
export type ObservabilityOptions = {
  /** The metrics that `/metrics` shows (default: none, and no such route). */
  metrics?: Metrics
  /**
   * The share of requests without a `traceparent` that are traced where an OpenTelemetry SDK is there, from 0
   * to 1 (default 1: the SDK's sampler decides). Unlike one that the sampler drops, a request that is not
   * chosen costs nothing.
   */
  traceShare?: number
}

/** What the application offers to providers that are registered later. */
export type Observability = {
  readonly metrics?: Metrics
  readonly traceShare: number
  /** Names what must be reachable for this instance to be ready. */
  readonly needs: Readiness['needs']
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Read through `observabilityOf`. */
    observability?: Observability
  }
  interface FastifyContextConfig {
    /** Marks routes that are answered however busy the application is. Read through `isProbe`. */
    probe?: boolean
  }
}

/** What an application shows of itself; `undefined` where it shows nothing. */
export function observabilityOf(app: FastifyInstance): Observability | undefined {
  return app.observability
}

/** Whether a request is a probe: for health, readiness or metrics. */
export function isProbe({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.config.probe === true
}

/**
 * Adds `/healthz` (the process answers), `/readyz` (it can serve) and, with metrics, `/metrics` to an
 * application. Register it before the providers. `createApplication` does so itself.
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

    // Probes come every few seconds: they are not logged, and are answered however busy the application is.
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

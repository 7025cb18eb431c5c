import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { ServiceUnavailable } from '../errors.ts'
import type { Operation, OperationEvent } from '../provider/hooks.ts'
import type { ActionStore } from '../store/action-store.ts'
import { NO_INSTRUMENT, type WorkInstrument } from '../worker/worker-context.ts'
import { instrumentStore } from './instrument-store.ts'
import type { Metrics, ProviderMetrics } from './metrics.ts'
import { createReadiness, type Readiness } from './readiness.ts'
import {
  activeTracer,
  currentTraceparent,
  type EnterHook,
  endTraced,
  enterTraced,
  type Handler,
  handleTraced,
  inBackground,
  type Tracing,
} from './tracing.ts'

/** What an application shows to operators. */
export type ObservabilityOptions = {
  /** The metrics that `/metrics` shows (default: none, and no such route). */
  metrics?: Metrics
  /**
   * The share of requests without a `traceparent` that are traced if there is an OpenTelemetry SDK, from 0 to
   * 1 (default 1: the SDK's sampler decides). A request that is not chosen costs nothing, unlike one that the
   * sampler drops.
   */
  traceShare?: number
}

/** What the application offers to providers that are registered later. */
type Observability = {
  readonly metrics?: Metrics
  readonly traceShare: number
  /** Adds a dependency of readiness. */
  readonly needs: Readiness['needs']
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Read by `telemetryOf`. */
    observability?: Observability
  }
  interface FastifyContextConfig {
    /** Marks routes that are answered however busy the application is. Read through `isProbe`. */
    probe?: boolean
  }
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

/** The wrappers that measure and trace a provider. A part that is off costs nothing. */
export type Telemetry = {
  /** Wraps the hook that admits a request. */
  enter: (operation: Operation, hook: EnterHook) => EnterHook
  /** Wraps a handler. */
  handle: (handler: Handler) => Handler
  /** Called after each answer, with its operation; absent if nothing is measured or traced. */
  answered?: (event: OperationEvent | undefined, request: FastifyRequest, reply: FastifyReply) => void
  /** Adds a dependency of readiness. */
  needs: Readiness['needs']
  /** Wraps the store. */
  store: (store: ActionStore) => ActionStore
  /** Shows the actions of a provider and its running work. */
  watch: ProviderMetrics['watch']
  /** Wraps work. */
  work: WorkInstrument
}

/** Measures and traces a provider, with the application's metrics and an OpenTelemetry SDK, if they exist. */
export function telemetryOf(app: FastifyInstance, provider: string): Telemetry {
  const { needs = () => {}, traceShare: share = 1, metrics } = app.observability ?? {}
  const tracer = activeTracer()
  const tracing = tracer && { tracer, provider, share }
  const measures = metrics?.ofProvider(provider)
  if (tracing && !app.hasRequestDecorator('traced')) app.decorateRequest('traced', null)
  const work = tracing ? traceWork(tracing) : NO_INSTRUMENT
  return {
    needs,
    enter: (operation, hook) => (tracing ? enterTraced(tracing, operation, hook) : hook),
    handle: (handler) => (tracing ? handleTraced(handler) : handler),
    ...((tracing || measures) && {
      answered(event, request, reply) {
        measures?.answered(event?.operation ?? 'none', reply.statusCode, reply.elapsedTime)
        if (tracing) endTraced(event, request, reply)
      },
    }),
    store: (store) => instrumentStore(store, { tracer, metrics: measures }),
    watch: measures?.watch ?? (() => {}),
    work: measures ? measureWork(measures, work) : work,
  }
}

function traceWork(tracing: Tracing): WorkInstrument {
  return {
    background: (part, act) => inBackground(tracing, part, act),
    apart: (act) => context.with(ROOT_CONTEXT, act),
    traceparent: currentTraceparent,
  }
}

function measureWork(measures: ProviderMetrics, inner: WorkInstrument): WorkInstrument {
  return {
    ...inner,
    background(part, act) {
      const begun = performance.now()
      return inner.background(part, (ended) =>
        act((outcome) => {
          measures.worked(outcome, performance.now() - begun)
          ended(outcome)
        }),
      )
    },
  }
}

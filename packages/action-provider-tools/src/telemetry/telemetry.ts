import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Operation, OperationEvent } from '../provider/hooks.ts'
import type { ActionStore } from '../store/action-store.ts'
import { NO_INSTRUMENT, type WorkInstrument } from '../worker/worker-context.ts'
import { instrumentStore } from './instrument-store.ts'
import type { ProviderMetrics } from './metrics.ts'
import { type Observability, observabilityOf } from './observability.ts'
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

/** What is put around a provider to measure and trace it. What is off costs nothing. */
export type Telemetry = {
  /** Goes around the hook that admits a request. */
  enter: (operation: Operation, hook: EnterHook) => EnterHook
  /** Goes around what answers a request. */
  handle: (handler: Handler) => Handler
  /**
   * Called when an answer was sent, with the operation that was asked for; absent where nothing is measured
   * or traced.
   */
  answered?: (event: OperationEvent | undefined, request: FastifyRequest, reply: FastifyReply) => void
  /** Names what must be reachable for this instance to be ready. */
  needs: Observability['needs']
  /** Goes around the store. */
  store: (store: ActionStore) => ActionStore
  /** Shows what a provider has in store and how much of its work runs. */
  watch: ProviderMetrics['watch']
  /** Goes around work. */
  work: WorkInstrument
}

/**
 * What measures and traces a provider: the application's metrics, and an OpenTelemetry SDK, each where there
 * is one.
 */
export function telemetryOf(app: FastifyInstance, provider: string): Telemetry {
  const { needs = () => {}, traceShare: share = 1, metrics } = observabilityOf(app) ?? {}
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

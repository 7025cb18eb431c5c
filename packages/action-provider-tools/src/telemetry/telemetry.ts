import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Operation, OperationEvent } from '../provider/hooks.ts'
import type { ActionStore } from '../store/action-store.ts'
import type { BackgroundPart, EnterHook, Handler } from './around.ts'
import { meteredStore } from './metered-store.ts'
import type { ProviderMetrics } from './metrics.ts'
import { type Observability, observabilityOf } from './observability.ts'
import { tracedStore } from './traced-store.ts'
import {
  activeTracer,
  currentTraceparent,
  endTraced,
  enterTraced,
  handleTraced,
  inBackground,
  type Tracing,
} from './tracing.ts'

/** What the rest of the library calls, so that what it does can be seen. Where nobody looks it is `NO_TELEMETRY`, which costs nothing. */
export type Telemetry = {
  /** Around the hook that admits a request. */
  enter: (operation: Operation, hook: EnterHook) => EnterHook
  /** Around what answers a request. */
  handle: (handler: Handler) => Handler
  /** Called when the answer was sent, with the operation that was asked for; absent where nobody wants to know. */
  answered?: (event: OperationEvent | undefined, request: FastifyRequest, reply: FastifyReply) => void
  /** Says what must be reachable for this instance to be ready. */
  needs: Observability['needs']
  /** The store, seen. */
  store: (store: ActionStore) => ActionStore
  /** Shows what a provider has in store and in hand. */
  watch: (sources: { store: ActionStore; running: () => number }) => void
  /** Around a part of an action's life in the background. */
  background: <T>(part: BackgroundPart, act: (ended: (outcome: string) => void) => Promise<T>) => Promise<T>
  /** Does something that is no part of what goes on now, though that set it off. */
  apart: <T>(act: () => T) => T
  /** What continues the trace of what goes on now; absent where nothing is traced. */
  traceparent?: () => string | undefined
}

/** Nobody looks. */
export const NO_TELEMETRY: Telemetry = {
  needs: () => {},
  enter: (_operation, hook) => hook,
  handle: (handler) => handler,
  store: (store) => store,
  watch: () => {},
  background: (_part, act) => act(() => {}),
  apart: (act) => act(),
}

/** What sees a provider of an application: its metrics where it has some, and traces where an OpenTelemetry SDK is there. */
export function telemetryOf(app: FastifyInstance, provider: string): Telemetry {
  const { needs = NO_TELEMETRY.needs, traceShare: share = 1, metrics } = observabilityOf(app) ?? {}
  const tracer = activeTracer()
  const traced = tracer ? tracing(app, { tracer, provider, share }) : NO_TELEMETRY
  return { ...(metrics ? metering(metrics.ofProvider(provider), traced) : traced), needs }
}

function tracing(app: FastifyInstance, facts: Tracing): Telemetry {
  if (!app.hasRequestDecorator('traced')) app.decorateRequest('traced', null)
  return {
    ...NO_TELEMETRY,
    enter: (operation, hook) => enterTraced(facts, operation, hook),
    handle: handleTraced,
    answered: endTraced,
    store: (store) => tracedStore(store, facts.tracer),
    background: (part, act) => inBackground(facts, part, act),
    apart: (act) => context.with(ROOT_CONTEXT, act),
    traceparent: currentTraceparent,
  }
}

function metering(metrics: ProviderMetrics, inner: Telemetry): Telemetry {
  return {
    ...inner,
    answered(event, request, reply) {
      metrics.answered(event?.operation ?? 'none', reply.statusCode, reply.elapsedTime)
      inner.answered?.(event, request, reply)
    },
    store: (store) => meteredStore(inner.store(store), metrics),
    watch: metrics.watch,
    background(part, act) {
      const begun = performance.now()
      return inner.background(part, (ended) =>
        act((outcome) => {
          metrics.worked(outcome, performance.now() - begun)
          ended(outcome)
        }),
      )
    },
  }
}

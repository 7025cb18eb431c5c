import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Auth } from '../auth/auth.ts'
import { type GlobusAuthOptions, globusAuth } from '../auth/globus-auth.ts'
import type { AuthCallEvent } from '../auth/service.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { Operation, OperationEvent } from '../provider/hooks.ts'
import type { BackgroundPart } from '../worker/worker-context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The context of the request's span, if requests are traced. */
    traced?: Context | null
  }
}

/** The hook that admits a request. */
export type EnterHook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** A handler. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

const NAME = 'action-provider-tools'

/**
 * The tracer of this process's OpenTelemetry SDK; `undefined` if it has none. Called once, when a provider is
 * registered: an SDK is loaded before the program (`node --import …`).
 */
export function activeTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider()
  // Without an SDK the API returns a tracer that records nothing.
  const stand = provider as { getDelegateTracer?: (name: string) => Tracer | undefined }
  const nowhere = stand.getDelegateTracer !== undefined && stand.getDelegateTracer(NAME) === undefined
  return nowhere ? undefined : provider.getTracer(NAME)
}

/** Whether the current trace is recorded. */
export function isTraced(): boolean {
  return trace.getSpan(context.active())?.isRecording() === true
}

/**
 * The headers that continue the current trace, from the SDK's propagator: W3C Trace Context, unless another
 * is set.
 */
export function currentTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent
}

/** The trace id of a request, for its log. */
export function traceIdOf(request: FastifyRequest): string | undefined {
  return request.traced ? trace.getSpanContext(request.traced)?.traceId : undefined
}

/** Traces a provider: `share` of the requests without a `traceparent`, from 0 to 1. */
export type Tracing = { tracer: Tracer; provider: string; share: number }

/**
 * Starts the span of a request and runs the hook inside it. It continues the trace of the caller, or of an
 * HTTP tracer in this process.
 */
export function enterTraced(
  { tracer, provider, share }: Tracing,
  operation: Operation,
  hook: EnterHook,
): EnterHook {
  return (request, reply, done) => {
    const active = context.active()
    const inner = trace.getSpan(active)
    // A call to the SDK, even if its sampler drops the span, takes longer than all other instrumentation of a
    // request.
    if (!(inner ? inner.isRecording() : isWanted(request, share))) return hook(request, reply, done)
    const parent = inner ? active : propagation.extract(ROOT_CONTEXT, request.headers)
    const { method } = request
    const route = request.routeOptions.url ?? ''
    const kind = inner ? SpanKind.INTERNAL : SpanKind.SERVER
    // Attributes are set after the sampler has decided: making them for a dropped span would double the cost.
    const span = tracer.startSpan(`${method} ${route}`, { kind }, parent)
    if (span.isRecording()) {
      span.setAttributes({
        'http.request.method': method,
        'http.route': route,
        'action_provider.name': provider,
        'action_provider.operation': operation,
      })
    }
    request.traced = trace.setSpan(parent, span)
    context.with(request.traced, hook, undefined, request, reply, done)
  }
}

/** Whether to trace a request: as its caller decided, otherwise by chance. */
function isWanted({ headers: { traceparent } }: FastifyRequest, share: number): boolean {
  const given =
    traceparent === undefined
      ? undefined
      : trace.getSpanContext(propagation.extract(ROOT_CONTEXT, { traceparent }))
  if (given === undefined) return share === 1 || Math.random() < share
  return (given.traceFlags & TraceFlags.SAMPLED) !== 0
}

/** A handler that runs inside its request's span, whose context is lost while a body is read. */
export function handleTraced(handler: Handler): Handler {
  return (request, reply) =>
    request.traced && request.traced !== context.active()
      ? context.with(request.traced, handler, undefined, request, reply)
      : handler(request, reply)
}

/** Ends the span of a request. */
export function endTraced(
  event: OperationEvent | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const span = request.traced && trace.getSpan(request.traced)
  if (!span?.isRecording()) return
  const { statusCode } = reply
  span.setAttribute('http.response.status_code', statusCode)
  const id = event?.action_id
  // For an unknown action the id is any text of the caller.
  if (id !== undefined && statusCode !== 404) span.setAttribute('action_provider.action_id', id)
  if (statusCode >= 500)
    span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', `${statusCode}`)
  span.end()
}

/**
 * Runs a function inside a span. The span gets only the name of an error, because the text may contain
 * anything.
 */
export function inSpan<T>(
  tracer: Tracer,
  name: string,
  facts: { attributes: Attributes; kind?: SpanKind; startTime?: number },
  act: (span: Span) => T,
  parent: Context = context.active(),
): T {
  const span = tracer.startSpan(name, facts, parent)
  const fail = (error: unknown): never => {
    const type = error instanceof Error ? error.name : 'Error'
    span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', type).end()
    throw error
  }
  let result: T
  try {
    result = context.with(trace.setSpan(parent, span), act, undefined, span)
  } catch (error) {
    return fail(error)
  }
  if (isPromiseLike(result)) {
    return Promise.resolve(result).then((value: unknown) => {
      span.end()
      return value
    }, fail) as T
  }
  span.end()
  return result
}

/**
 * Runs background work inside a span that continues the trace of the action's request, also after a restart.
 */
export function inBackground<T>(
  { tracer, provider }: Tracing,
  { name, action_id, attempt, traceparent, startedAt }: BackgroundPart,
  act: (ended: (outcome: string) => void) => Promise<T>,
): Promise<T> {
  const parent =
    traceparent === undefined ? context.active() : propagation.extract(ROOT_CONTEXT, { traceparent })
  // The request that started the action was not traced.
  if (trace.getSpan(parent) === undefined) return act(() => {})
  const attributes: Attributes = { 'action_provider.name': provider, 'action_provider.action_id': action_id }
  if (attempt !== undefined) attributes['action_provider.attempt'] = attempt
  const facts = { attributes, ...(startedAt !== undefined && { startTime: startedAt }) }
  return inSpan(
    tracer,
    name,
    facts,
    (span) => act((outcome) => span.setAttribute('action_provider.outcome', outcome)),
    parent,
  )
}

/**
 * `globusAuth` with a span for each call to Globus, if there is an OpenTelemetry SDK. This is the one that
 * authors import.
 */
export function tracedGlobusAuth(options: GlobusAuthOptions): Auth {
  const tracer = activeTracer()
  return globusAuth(tracer ? { ...options, onCall: tracedCalls(tracer, options.onCall) } : options)
}

function tracedCalls(tracer: Tracer, onCall: GlobusAuthOptions['onCall']): (event: AuthCallEvent) => void {
  return (event) => {
    onCall?.(event)
    if (event.cache === 'hit' || !isTraced()) return
    const attributes = {
      'globus.service': event.service,
      'globus.call': event.call,
      'globus.outcome': event.outcome,
    }
    const end = Date.now()
    const span = tracer.startSpan(`globus ${event.call}`, {
      kind: SpanKind.CLIENT,
      attributes,
      startTime: end - event.durationMs,
    })
    if (event.outcome === 'unavailable' || event.outcome === 'skipped') {
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', event.outcome)
    }
    span.end(end)
  }
}

import { type Attributes, context, SpanKind, type Tracer } from '@opentelemetry/api'
import type { ActionStore } from '../store/action-store.ts'
import { seenStore } from './seen-store.ts'
import { inSpan, isTraced } from './tracing.ts'

/** A store each call of which is a span of the request or the work that makes it. What only looks around makes none. */
export function tracedStore(store: ActionStore, tracer: Tracer): ActionStore {
  const kind = store.remote ? SpanKind.CLIENT : SpanKind.INTERNAL

  const seen = seenStore(store, (method, call) => {
    if (!isTraced()) return call()
    const attributes: Attributes = { 'db.system.name': store.system, 'db.operation.name': method }
    return inSpan(tracer, `store ${method}`, { kind, attributes }, call)
  })
  return {
    ...seen,
    create(action) {
      const { runInline, action_id } = action
      if (!runInline || !isTraced()) return seen.create(action)
      const attributes = { 'action_provider.name': action.provider, 'action_provider.action_id': action_id }
      // The store may call it from elsewhere, where this request is not known.
      const parent = context.active()
      return seen.create({
        ...action,
        runInline: () => inSpan(tracer, 'work', { attributes }, runInline, parent),
      })
    },
  }
}

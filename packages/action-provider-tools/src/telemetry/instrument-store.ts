import { type Attributes, context, SpanKind, type Tracer } from '@opentelemetry/api'
import { type ActionStatusValue, isComplete } from '../documents/action-status.ts'
import { ActionProviderToolsError } from '../errors.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { ActionStore, Change, InlineChange, NewAction } from '../store/action-store.ts'
import type { ProviderMetrics, StoreMethod } from './metrics.ts'
import { inSpan, isTraced } from './tracing.ts'

/** The instruments of a store. */
type Instruments = { tracer: Tracer | undefined; metrics: ProviderMetrics | undefined }

/**
 * A store whose calls are measured, and are spans of the request or attempt that makes them. It also counts
 * the effects on actions. A synchronous call stays synchronous.
 */
export function instrumentStore(store: ActionStore, { tracer, metrics }: Instruments): ActionStore {
  const traced = tracer ? tracedStore(store, tracer) : store
  return metrics ? measuredStore(traced, metrics) : traced
}

function tracedStore(store: ActionStore, tracer: Tracer): ActionStore {
  const kind = store.remote ? SpanKind.CLIENT : SpanKind.INTERNAL
  const traced = aroundCalls(store, (method, call) => {
    if (!isTraced()) return call()
    const attributes: Attributes = { 'db.system.name': store.system, 'db.operation.name': method }
    return inSpan(tracer, `store ${method}`, { kind, attributes }, call)
  })
  return {
    ...traced,
    create(action) {
      if (!isTraced()) return traced.create(action)
      const { provider, action_id } = action
      const attributes = { 'action_provider.name': provider, 'action_provider.action_id': action_id }
      // The store may run the work outside this request's context.
      const parent = context.active()
      return traced.create(
        aroundInlineWork(action, (work) => inSpan(tracer, 'work', { attributes }, work, parent)),
      )
    },
  }
}

function measuredStore(store: ActionStore, metrics: ProviderMetrics): ActionStore {
  const { kind } = store

  function measure(method: StoreMethod, call: () => unknown): unknown {
    const begun = performance.now()
    const end = (): void => metrics.storeCall(kind, method, performance.now() - begun)
    const fail = (error: unknown): never => {
      end()
      const known = error instanceof ActionProviderToolsError
      // A refusal is a decision about the action, not a failure of the store.
      if (!known || error.status >= 500) metrics.storeError(kind, method, known ? error.code : 'Error')
      throw error
    }
    let result: unknown
    try {
      result = call()
    } catch (error) {
      return fail(error)
    }
    if (isPromiseLike(result)) {
      return Promise.resolve(result).then((value: unknown) => {
        end()
        return value
      }, fail)
    }
    end()
    return result
  }

  function countEnd(status: ActionStatusValue): void {
    if (isComplete(status)) metrics.completed(status)
  }

  function measureInlineWork(work: () => InlineChange | undefined): InlineChange | undefined {
    const begun = performance.now()
    const change = work()
    const outcome = outcomeOf(change)
    if (outcome) metrics.worked(outcome, performance.now() - begun)
    return change
  }

  const measured = aroundCalls(store, measure)
  return {
    ...measured,
    async create(action) {
      const creation = await measured.create(aroundInlineWork(action, measureInlineWork))
      if (creation.outcome !== 'created') return creation
      metrics.started()
      countEnd(creation.action.status)
      return creation
    },
    async transition(provider, actionId, decide, hold) {
      let change: Change | undefined
      const deciding: typeof decide = (current) => {
        change = decide(current)
        return change
      }
      const after = await measured.transition(provider, actionId, deciding, hold)
      if (change?.release) metrics.released('request', 1)
      else if (change?.status) countEnd(change.status.status)
      return after
    },
    async sweepReleased(now, limit) {
      const count = await measured.sweepReleased(now, limit)
      metrics.swept()
      metrics.released('time', count)
      return count
    },
  }
}

/** A new action whose inline work is wrapped. */
function aroundInlineWork(
  action: NewAction,
  around: (work: () => InlineChange | undefined) => InlineChange | undefined,
): NewAction {
  const { runInline } = action
  return runInline ? { ...action, runInline: () => around(runInline) } : action
}

const OUTCOMES = { SUCCEEDED: 'done', FAILED: 'failed', INACTIVE: 'paused', ACTIVE: undefined } as const

/** How inline work ended, by its change; `undefined` if it continues. */
function outcomeOf(change: Change | undefined): string | undefined {
  if (change?.status) return OUTCOMES[change.status.status]
  return change?.job && typeof change.runs_on !== 'string' ? 'retry' : undefined
}

const METHODS = Object.keys({
  create: true,
  get: true,
  find: true,
  getWork: true,
  getSecret: true,
  transition: true,
  list: true,
  readLog: true,
  logAfter: true,
  sweepReleased: true,
  overdue: true,
  cancelsSince: true,
  takeJobs: true,
  nextDue: true,
  keepJobs: true,
  returnJobs: true,
  namespaces: true,
  count: true,
  ping: true,
} satisfies Record<StoreMethod, true>) as StoreMethod[]

/**
 * A store with a wrapper around each call to the database. `around` returns the result of the call, at once
 * or as a promise.
 */
function aroundCalls(
  store: ActionStore,
  around: (method: StoreMethod, call: () => unknown) => unknown,
): ActionStore {
  const rest: Omit<ActionStore, StoreMethod> = {
    kind: store.kind,
    system: store.system,
    remote: store.remote,
    leaseSeconds: store.leaseSeconds,
    now: store.now.bind(store),
    ...(store.known && { known: store.known.bind(store) }),
    subscribe: (provider, listener) => store.subscribe(provider, listener),
    ...(store.backUpTo && { backUpTo: store.backUpTo.bind(store) }),
    watch: (provider, actionId, listener) => store.watch(provider, actionId, listener),
    close: () => store.close(),
  }
  const calls = METHODS.map((method) => {
    const ask = store[method].bind(store) as (...given: unknown[]) => unknown
    return [method, (...given: unknown[]) => around(method, () => ask(...given))] as const
  })
  return { ...rest, ...(Object.fromEntries(calls) as Pick<ActionStore, StoreMethod>) }
}

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { AuthCallEvent } from '../auth/service.ts'
import type { ActionStatusValue } from '../documents/action-status.ts'
import type { Operation } from '../provider/hooks.ts'
import type { ActionStore } from '../store/action-store.ts'
import { counter, histogram, once } from './series.ts'

/** The methods of a store that call the database. */
export type StoreMethod = Exclude<
  keyof ActionStore,
  | 'kind'
  | 'system'
  | 'remote'
  | 'leaseSeconds'
  | 'now'
  | 'known'
  | 'subscribe'
  | 'watch'
  | 'backUpTo'
  | 'close'
>

/** The metrics of one application, in their own registry, made by `createMetrics`. */
export type Metrics = {
  /** Holds the metrics. Add your own. */
  readonly registry: Registry
  /** Counts a call to Globus. Pass it to `globusAuth` as `onCall`. */
  readonly authCall: (event: AuthCallEvent) => void
  /** The metrics of one provider. */
  readonly ofProvider: (provider: string) => ProviderMetrics
}

/** The counts of one provider. */
export type ProviderMetrics = {
  answered: (operation: Operation | 'none', statusCode: number, durationMs: number) => void
  storeCall: (kind: ActionStore['kind'], method: StoreMethod, durationMs: number) => void
  storeError: (kind: ActionStore['kind'], method: StoreMethod, code: string) => void
  started: () => void
  completed: (status: ActionStatusValue) => void
  released: (cause: 'request' | 'time', count: number) => void
  swept: () => void
  worked: (outcome: string, durationMs: number) => void
  /** Sets the sources of the gauges, which are read when the metrics are collected. */
  watch: (sources: { store: ActionStore; running: () => number }) => void
}

const REQUEST_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STORE_BOUNDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5,
]
const WORK_BOUNDS = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400]

/** How long a count of the store is reused, in milliseconds. */
const COUNT_LIFE = 5_000

/**
 * Metrics for Prometheus: those of this library, and prom-client's own of the process.
 *
 * @example
 * const metrics = createMetrics()
 * const app = createApplication({ metrics })
 * const auth = globusAuth({ …, onCall: metrics.authCall })
 */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return { registry, authCall: authMetrics(registry), ofProvider: once(providerMetrics(registry)) }
}

function authMetrics(registry: Registry): Metrics['authCall'] {
  const calls = counter(registry, {
    name: 'globus_calls_total',
    help: 'Calls to Globus Auth and Groups, by how they ended.',
    labelNames: ['service', 'call', 'outcome'],
  })
  const duration = histogram(registry, {
    name: 'globus_call_duration_seconds',
    help: 'How long calls to Globus Auth and Groups took, retries included.',
    bounds: REQUEST_BOUNDS,
  })
  const hits = counter(registry, {
    name: 'auth_cache_hits_total',
    help: 'Questions to Globus that a cache answered, by what it answered.',
    labelNames: ['call', 'outcome'],
  })
  const hitsOf = once((call: string) => once((outcome: string) => hits({ call, outcome })))
  const callsOf = once((service: string) =>
    once((call: string) => ({
      duration: duration({ service, call }),
      outcome: once((outcome: string) => calls({ service, call, outcome })),
    })),
  )
  return (event) => {
    if (event.cache === 'hit') {
      hitsOf(event.call)(event.outcome).n++
      return
    }
    const series = callsOf(event.service)(event.call)
    series.outcome(event.outcome).n++
    if (event.outcome !== 'skipped') series.duration(event.durationMs / 1000)
  }
}

function providerMetrics(registry: Registry): (provider: string) => ProviderMetrics {
  const requests = counter(registry, {
    name: 'requests_total',
    help: 'Requests answered, by operation and status code.',
    labelNames: ['provider', 'operation', 'code'],
  })
  const requestDuration = histogram(registry, {
    name: 'request_duration_seconds',
    help: 'How long requests took, from their headers to the end of the answer.',
    bounds: REQUEST_BOUNDS,
  })
  const started = counter(registry, {
    name: 'actions_started_total',
    help: 'Actions that run has started here.',
    labelNames: ['provider'],
  })
  const completed = counter(registry, {
    name: 'actions_completed_total',
    help: 'Actions that have ended here, by their status.',
    labelNames: ['provider', 'status'],
  })
  const released = counter(registry, {
    name: 'actions_released_total',
    help: 'Actions removed here: by request, or since their time was over.',
    labelNames: ['cause'],
  })
  const sweeps = counter(registry, {
    name: 'sweeps_total',
    help: 'How often actions whose time was over were looked for here.',
    labelNames: [],
  })
  const workRuns = counter(registry, {
    name: 'work_runs_total',
    help: 'Runs of the work of actions that have ended here, by how.',
    labelNames: ['provider', 'outcome'],
  })
  const workDuration = histogram(registry, {
    name: 'work_duration_seconds',
    help: 'How long runs of the work of actions took.',
    bounds: WORK_BOUNDS,
  })
  const storeDuration = histogram(registry, {
    name: 'store_call_duration_seconds',
    help: 'How long calls to the store took.',
    bounds: STORE_BOUNDS,
  })
  const storeErrors = counter(registry, {
    name: 'store_errors_total',
    help: 'Calls to the store that failed, by the error.',
    labelNames: ['store', 'method', 'error'],
  })
  const sources = storeGauges(registry)

  const byCause = { request: released({ cause: 'request' }), time: released({ cause: 'time' }) }
  const sweep = sweeps({})
  const callOf = once((store: string) => once((method: string) => storeDuration({ store, method })))
  const errorOf = once((store: string) =>
    once((method: string) => once((error: string) => storeErrors({ store, method, error }))),
  )

  return (provider) => {
    const answers = once((operation: string) => ({
      code: once((code: number) => requests({ provider, operation, code })),
      duration: requestDuration({ provider, operation }),
    }))
    const begun = started({ provider })
    const ended = once((status: string) => completed({ provider, status }))
    for (const status of ['SUCCEEDED', 'FAILED']) ended(status)
    const runs = once((outcome: string) => workRuns({ provider, outcome }))
    const runDuration = workDuration({ provider })
    return {
      answered(operation, statusCode, durationMs) {
        const series = answers(operation)
        series.code(statusCode).n++
        series.duration(durationMs / 1000)
      },
      storeCall: (kind, method, durationMs) => callOf(kind)(method)(durationMs / 1000),
      storeError: (kind, method, code) => void errorOf(kind)(method)(code).n++,
      started: () => void begun.n++,
      completed: (status) => void ended(status).n++,
      released(cause, count) {
        byCause[cause].n += count
      },
      swept: () => void sweep.n++,
      worked(outcome, durationMs) {
        runs(outcome).n++
        runDuration(durationMs / 1000)
      },
      watch: (watched) => void sources.set(provider, watched),
    }
  }
}

type Sources = Map<string, { store: ActionStore; running: () => number }>

/** The gauges, read when the metrics are collected, without providers whose store cannot be read. */
function storeGauges(registry: Registry): Sources {
  const sources: Sources = new Map()
  const countOf = remembered((provider: string) => sources.get(provider)?.store.count(provider))

  new Gauge({
    name: 'action_provider_actions',
    help: 'Actions in the store, by status. Every instance on one store shows the same.',
    labelNames: ['provider', 'status'],
    registers: [registry],
    async collect() {
      this.reset()
      for (const provider of sources.keys()) {
        const count = await countOf(provider)
        for (const [status, n] of Object.entries(count?.actions ?? {})) this.set({ provider, status }, n)
      }
    },
  })
  new Gauge({
    name: 'action_provider_jobs_waiting',
    help: 'Jobs that no instance has taken. Every instance on one store shows the same.',
    labelNames: ['provider'],
    registers: [registry],
    async collect() {
      this.reset()
      for (const provider of sources.keys()) {
        const count = await countOf(provider)
        if (count) this.set({ provider }, count.waiting)
      }
    },
  })
  new Gauge({
    name: 'action_provider_work_running',
    help: 'Actions whose work runs on this instance.',
    labelNames: ['provider'],
    registers: [registry],
    collect() {
      for (const [provider, { running }] of sources) this.set({ provider }, running())
    },
  })
  return sources
}

/** Reuses a result for `COUNT_LIFE`. The result of a failed call is `undefined`. */
function remembered<Key, Value>(
  ask: (key: Key) => Value | Promise<Value>,
): (key: Key) => Promise<Value | undefined> {
  const known = new Map<Key, { until: number; value: Promise<Value | undefined> }>()
  return (key) => {
    const present = known.get(key)
    if (present && performance.now() < present.until) return present.value
    const value = (async () => ask(key))().catch(() => undefined)
    known.set(key, { until: performance.now() + COUNT_LIFE, value })
    return value
  }
}

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { context, propagation, trace } from '@opentelemetry/api'
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import fc from 'fast-check'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type ActionProvider,
  type ActionStore,
  type Auth,
  actionProvider,
  cloudwatchEmf,
  createApplication,
  createMetrics,
  defineActionProvider,
  InvalidDefinition,
  observability,
  openStore,
  type RunContext,
  ServiceUnavailable,
} from '../src/index.ts'
import { readConfiguration } from '../src/server/configuration.ts'
import { requestIdOf } from '../src/telemetry/request-id.ts'
import { fakeAuth } from '../src/testing/index.ts'
import { emulateGlobus } from './auth/emulated-globus.ts'

const timing = { tick: 20, poll: 50, keep: 100, sweep: 50, gather: 10 }
const input = { type: 'object' } as const
const about = { admin_contact: 'support@example.org' }

const opened: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'action-provider-'))
  opened.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

type Seen = {
  url: string
  app: FastifyInstance
  store: ActionStore
  /** The lines of the log. */
  log: Record<string, unknown>[]
  ask: (
    token: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    // biome-ignore lint/suspicious/noExplicitAny: an answer may be any document, and a test says which it expects
  ) => Promise<{ status: number; headers: Headers; text: string; json: any }>
  metrics: () => Promise<Map<string, number>>
  close: () => Promise<unknown>
}

/** Serves a provider at /p with everything that lets it be seen. */
async function serveSeen(
  provider: ActionProvider,
  auth: Auth,
  options: {
    store?: ActionStore
    database?: string
    metrics?: ReturnType<typeof createMetrics> | null
    traceShare?: number
  } = {},
): Promise<Seen> {
  const store =
    options.store ?? (await openStore(options.database ?? `sqlite:${join(await newFolder(), 'a.db')}`))
  const log: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log.push(
        ...`${chunk}`
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      )
      done()
    },
  })
  const { metrics = createMetrics(), traceShare = 1 } = options
  const app = createApplication({
    logger: { level: 'info', stream },
    traceShare,
    ...(metrics && { metrics }),
  })
  await app.register(actionProvider, { prefix: '/p', provider, auth, store, timing, shutdownGrace: 500 })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  let closing: Promise<unknown> | undefined
  const close = (): Promise<unknown> => (closing ??= app.close().then(() => store.close()))
  opened.push(close)
  const ask: Seen['ask'] = async (token, method, path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    }
  }
  const readMetrics = async (): Promise<Map<string, number>> =>
    samplesOf((await ask(undefined, 'GET', '/metrics')).text)
  return { url, app, store, log, ask, metrics: readMetrics, close }
}

/** What stands in a text of Prometheus' form, by name and labels. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  )
}

const until = <T>(look: () => T | Promise<T>): Promise<Exclude<Awaited<T>, false | undefined>> =>
  vi.waitUntil(look, { timeout: 20_000, interval: 10 }) as never

const settled = (served: Seen, token: string, id: string): Promise<{ status: string }> =>
  until(async () => {
    const { json } = await served.ask(token, 'GET', `/p/${id}/status`)
    return json.status !== 'ACTIVE' && json
  })

const echo = defineActionProvider({
  description: { ...about, title: 'echo', synchronous: true },
  input,
  run: ({ input }) => ({ you_said: input }),
})

/** Work of which the input says how it goes. */
const work = defineActionProvider({
  description: { ...about, title: 'work', synchronous: false },
  input,
  cancelGrace: 100,
  retry: { limit: 2, backoff: 10 },
  run: async ({ input, pause, attempt, signal, progress }: RunContext<Record<string, unknown>>) => {
    if (input.fail) throw new Error(`unexpected ${input.secret}`)
    if (input.pause && attempt === 1) pause({ code: 'Waiting', description: 'for somebody' })
    if (input.hang && (attempt === 1 || input.hang === 'always')) {
      progress({ hanging: true })
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    return { attempt }
  },
} as never)

describe('health and readiness', () => {
  test('it is alive and ready; not ready while Globus Auth is away, and then again', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(echo, auth)
    expect(await served.ask(undefined, 'GET', '/healthz')).toMatchObject({
      status: 200,
      json: { status: 'ok' },
    })
    expect(await served.ask(undefined, 'GET', '/readyz')).toMatchObject({
      status: 200,
      json: { status: 'ready' },
    })
    auth.outage(true)
    const refused = await until(async () => {
      const answer = await served.ask(undefined, 'GET', '/readyz')
      return answer.status === 503 && answer
    })
    expect(refused.json).toEqual({
      code: 'ServiceUnavailable',
      description: 'Not ready: cannot reach Globus Auth',
    })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await served.ask(undefined, 'GET', '/healthz')).status).toBe(200)
    auth.outage(false)
    await until(async () => (await served.ask(undefined, 'GET', '/readyz')).status === 200)
    expect(served.log.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['Not ready: what this instance needs cannot be reached', 'Ready again']),
    )
  })

  test('it is not ready without its database', async () => {
    const store = await openStore('sqlite::memory:')
    const without = { ...store, ping: () => Promise.reject(new ServiceUnavailable('gone')) }
    const served = await serveSeen(echo, fakeAuth(), { store: without })
    expect(await served.ask(undefined, 'GET', '/readyz')).toMatchObject({
      status: 503,
      json: { description: 'Not ready: cannot reach the database' },
    })
  })

  test('probes do not flood what they ask about, and wait a bounded time for what hangs', async () => {
    const pings = { hanging: 0, other: 0 }
    const hanging = { ...fakeAuth(), ping: () => new Promise<void>(() => pings.hanging++) }
    const store = await openStore('sqlite::memory:')
    const counting = { ...store, ping: () => store.ping().then(() => void pings.other++) }
    const served = await serveSeen(echo, hanging, { store: counting })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => served.ask(undefined, 'GET', '/readyz')),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(pings).toEqual({ hanging: 1, other: 1 })
  })

  test('an instance that shuts down is alive but not ready', async () => {
    const auth = fakeAuth()
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const slow = defineActionProvider({
      description: { ...about, title: 'slow', synchronous: false },
      input,
      run: async () => {
        begun.resolve()
        await finished
        return {}
      },
    })
    const served = await serveSeen(slow, auth)
    const { token } = auth.caller({ username: 'alice' })
    await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
    await begun.promise
    const closing = served.close()
    expect(await served.ask(undefined, 'GET', '/readyz')).toMatchObject({
      status: 503,
      json: { description: 'Not ready: this instance is shutting down' },
    })
    expect((await served.ask(undefined, 'GET', '/healthz')).status).toBe(200)
    finish()
    await closing
  })
})

describe('metrics', () => {
  test('requests, actions, work, the store, sweeps and the process are counted', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(work, auth)
    const { token } = auth.caller({ username: 'alice' })
    const run = async (body: object, more: object = {}): Promise<string> => {
      const { json } = await served.ask(token, 'POST', '/p/run', {
        request_id: crypto.randomUUID(),
        body,
        ...more,
      })
      return json.action_id
    }
    const good = await run({})
    await settled(served, token, good)
    await settled(served, token, await run({ fail: true }))
    await settled(served, token, await run({ pause: true }))
    await run({ hang: 'always' })
    await settled(served, token, await run({}, { release_after: 'PT0S' })).catch(() => {})
    await served.ask(token, 'POST', `/p/${good}/release`)
    await served.ask(token, 'GET', '/p/00000000-0000-7000-8000-000000000000/status')
    await served.ask(undefined, 'POST', '/p/run', {})
    await served.ask(token, 'GET', '/p/nowhere/at/all')

    const samples = await until(async () => {
      const now = await served.metrics()
      return now.get('action_provider_actions_released_total{cause="time"}') === 1 && now
    })
    const values = (names: string[]): object =>
      Object.fromEntries(names.map((name) => [name, samples.get(name)]))
    const expected = {
      'action_provider_requests_total{provider="work",operation="run",code="202"}': 5,
      'action_provider_requests_total{provider="work",operation="run",code="401"}': 1,
      'action_provider_requests_total{provider="work",operation="release",code="200"}': 1,
      'action_provider_requests_total{provider="work",operation="none",code="404"}': 1,
      'action_provider_request_duration_seconds_count{provider="work",operation="release"}': 1,
      'action_provider_request_duration_seconds_bucket{provider="work",operation="release",le="+Inf"}': 1,
      'action_provider_actions_started_total{provider="work"}': 5,
      'action_provider_actions_completed_total{provider="work",status="SUCCEEDED"}': 2,
      'action_provider_actions_completed_total{provider="work",status="FAILED"}': 1,
      'action_provider_actions_released_total{cause="request"}': 1,
      'action_provider_work_runs_total{provider="work",outcome="done"}': 2,
      'action_provider_work_runs_total{provider="work",outcome="failed"}': 1,
      'action_provider_work_runs_total{provider="work",outcome="paused"}': 1,
      'action_provider_work_duration_seconds_count{provider="work"}': 4,
      'action_provider_work_running{provider="work"}': 1,
      'action_provider_jobs_waiting{provider="work"}': 0,
      'action_provider_store_call_duration_seconds_count{store="sqlite",method="create"}': 5,
    }
    expect(values(Object.keys(expected))).toEqual(expected)
    expect(
      samples.get('action_provider_requests_total{provider="work",operation="status",code="404"}'),
    ).toBeGreaterThan(0)
    expect(samples.get('action_provider_sweeps_total')).toBeGreaterThan(0)
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(0)
    const status = 'action_provider_request_duration_seconds'
    const buckets = [...samples].filter(([name]) =>
      name.startsWith(`${status}_bucket{provider="work",operation="status"`),
    )
    const counts = buckets.map(([, count]) => count)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts.at(-1)).toBe(samples.get(`${status}_count{provider="work",operation="status"}`))
  })

  test('the actions of the store are counted by state, whoever started them', async () => {
    const auth = fakeAuth()
    const database = `sqlite:${join(await newFolder(), 'a.db')}`
    const before = await serveSeen(work, auth, { database })
    const { token } = auth.caller({ username: 'alice' })
    for (const body of [{}, {}, { fail: true }, { pause: true }]) {
      const { json } = await before.ask(token, 'POST', '/p/run', { request_id: crypto.randomUUID(), body })
      await settled(before, token, json.action_id)
    }
    await before.close()
    const samples = await (await serveSeen(work, auth, { database })).metrics()
    const ofStatus = (status: string) =>
      samples.get(`action_provider_actions{provider="work",status="${status}"}`)
    expect(['ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED'].map(ofStatus)).toEqual([0, 1, 2, 1])
    expect(samples.get('action_provider_actions_started_total{provider="work"}')).toBe(0)
  })

  test('a store that fails is counted, and the metrics are there all the same', async () => {
    const auth = fakeAuth()
    const store = await openStore('sqlite::memory:')
    const away = (): never => {
      throw new ServiceUnavailable('away')
    }
    const served = await serveSeen(echo, auth, { store: { ...store, get: away, count: away } })
    const { token } = auth.caller({ username: 'alice' })
    const { json } = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
    expect((await served.ask(token, 'GET', `/p/${json.action_id}/status`)).status).toBe(503)
    const answer = await served.ask(undefined, 'GET', '/metrics')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const samples = samplesOf(answer.text)
    expect(
      samples.get(
        'action_provider_store_errors_total{store="sqlite",method="get",error="ServiceUnavailable"}',
      ),
    ).toBe(1)
    expect(samples.get('action_provider_work_runs_total{provider="echo",outcome="done"}')).toBe(1)
    expect([...samples.keys()].filter((name) => name.startsWith('action_provider_actions{'))).toEqual([])
  })

  test('calls to Globus and what the caches save are counted', async () => {
    const globus = await emulateGlobus()
    opened.push(globus.close)
    const metrics = createMetrics()
    const served = await serveSeen(echo, globus.auth({ onCall: metrics.authCall }), { metrics })
    const token = await globus.token('alice')
    for (const _ of [1, 2, 3]) await served.ask(token, 'GET', '/p/actions')
    await served.ask('not-a-token', 'GET', '/p/actions')
    const samples = await served.metrics()
    expect(
      samples.get('action_provider_globus_calls_total{service="auth",call="introspect",outcome="ok"}'),
    ).toBe(2)
    expect(
      samples.get('action_provider_globus_call_duration_seconds_count{service="auth",call="introspect"}'),
    ).toBe(2)
    expect(samples.get('action_provider_auth_cache_hits_total{call="introspect",outcome="ok"}')).toBe(2)
  })

  test('without metrics there is no such route; applications share nothing; any Fastify application can have them', async () => {
    const auth = fakeAuth()
    const plain = await serveSeen(echo, auth, { metrics: null })
    expect((await plain.ask(undefined, 'GET', '/metrics')).status).toBe(404)
    expect((await plain.ask(undefined, 'GET', '/readyz')).status).toBe(200)

    const own = Fastify()
    opened.push(() => own.close())
    await own.register(observability, { metrics: createMetrics() })
    await own.register(actionProvider, {
      provider: echo,
      auth,
      store: await openStore('sqlite::memory:'),
      prefix: '/p',
    })
    const served = await serveSeen(echo, auth)
    await served.ask(undefined, 'GET', '/p/')
    const counted = 'action_provider_requests_total{provider="echo",operation="introspect",code="200"}'
    await until(async () => (await served.metrics()).get(counted) === 1)
    const { body } = await own.inject('/metrics')
    expect(body).toContain('action_provider_actions_started_total{provider="echo"} 0')
    expect(samplesOf(body).has(counted)).toBe(false)
  })
})

describe('the dashboard', () => {
  test('asks for metrics and labels that are there', async () => {
    const globus = await emulateGlobus()
    opened.push(globus.close)
    const metrics = createMetrics()
    const store = await openStore('sqlite::memory:')
    const list = () => Promise.reject(new ServiceUnavailable('away'))
    const auth = globus.auth({ onCall: metrics.authCall })
    const served = await serveSeen(work, auth, { metrics, store: { ...store, list } })
    const token = await globus.token('alice')
    await served.ask(token, 'GET', '/p/actions')
    const { json } = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
    await settled(served, token, json.action_id)
    const { text } = await served.ask(undefined, 'GET', '/metrics')
    const names = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
      ),
    )
    const labels = new Set([...text.matchAll(/[{,](\w+)=/g)].map(([, label]) => label))
    const file = new URL('../../../docs/grafana/action-provider.json', import.meta.url)
    const dashboard = JSON.parse(await readFile(file, 'utf8'))
    const expressions: string[] = dashboard.panels.flatMap((panel: { targets?: { expr: string }[] }) =>
      (panel.targets ?? []).map(({ expr }) => expr),
    )
    const asked = new Set(
      expressions.flatMap((e) => e.match(/\b(action_provider|process|nodejs)_\w+/g) ?? []),
    )
    expect(asked.size).toBeGreaterThan(15)
    expect([...asked].filter((name) => !names.has(name))).toEqual([])
    const grouped = expressions.flatMap((e) =>
      [...e.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by = '']) => by.split(/, */)),
    )
    const matched = expressions.flatMap((e) => [...e.matchAll(/(\w+)=~?"/g)].map(([, label = '']) => label))
    expect([...grouped, ...matched].filter((label) => label !== 'instance' && !labels.has(label))).toEqual([])
    const shown = (prefix: string) =>
      [...names].filter((name) => name.startsWith(prefix) && !/_(sum|count)$/.test(name))
    expect(shown('action_provider_').filter((name) => !asked.has(name))).toEqual([])
  })
})

describe('traces', () => {
  const exporter = new InMemorySpanExporter()
  const sdk = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  beforeAll(() => sdk.register())
  beforeEach(() => exporter.reset())
  afterAll(async () => {
    await sdk.shutdown()
    trace.disable()
    context.disable()
    propagation.disable()
  })

  const TRACE = '0af7651916cd43dd8448eb211c80319c'
  const traceparent = `00-${TRACE}-b7ad6b7169203331-01`
  const spansOf = (traceId: string): ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId)
  const named = (spans: ReadableSpan[], name: string): ReadableSpan[] =>
    spans.filter((span) => span.name === name)
  const one = (spans: ReadableSpan[], name: string): ReadableSpan => {
    const [found, ...more] = named(spans, name)
    if (found === undefined || more.length > 0)
      throw new Error(`${more.length} more spans than one are ${name}`)
    return found
  }
  const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId
  const id = (span: ReadableSpan): string => span.spanContext().spanId

  test("a request is a span of its caller's trace, and what it needs of Globus and the store are spans in it", async () => {
    const globus = await emulateGlobus()
    opened.push(globus.close)
    const served = await serveSeen(echo, globus.auth())
    const token = await globus.token('alice')
    const { json } = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} }, { traceparent })
    const spans = await until(
      () => spansOf(TRACE).some(({ name }) => name === 'POST /p/run') && spansOf(TRACE),
    )
    const request = one(spans, 'POST /p/run')
    expect(parentOf(request)).toBe('b7ad6b7169203331')
    expect(request.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/p/run',
      'http.response.status_code': 202,
      'action_provider.name': 'echo',
      'action_provider.operation': 'run',
      'action_provider.action_id': json.action_id,
    })
    expect(one(spans, 'globus introspect').attributes).toEqual({
      'globus.service': 'auth',
      'globus.call': 'introspect',
      'globus.outcome': 'ok',
    })
    expect(one(spans, 'store create').attributes).toMatchObject({ 'db.system.name': 'sqlite' })
    // Work that ends at once runs inside the transaction.
    expect(
      spans
        .filter((span) => parentOf(span) === id(request))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['globus introspect', 'store create', 'work'])
    const answered = await until(() => served.log.find(({ msg }) => msg === 'Answered'))
    expect(answered).toMatchObject({ trace_id: TRACE, action_id: json.action_id })
  })

  test('the work of an action goes on in the trace of its run, after a pause and after a restart', async () => {
    const auth = fakeAuth()
    const database = `sqlite:${join(await newFolder(), 'a.db')}`
    const { token } = auth.caller({ username: 'alice' })
    const first = await serveSeen(work, auth, { database })
    const run = await first.ask(
      token,
      'POST',
      '/p/run',
      { request_id: '1', body: { pause: true } },
      { traceparent },
    )
    const { action_id } = run.json
    await settled(first, token, action_id)
    await first.close()
    const second = await serveSeen(work, auth, { database })
    await second.ask(token, 'POST', `/p/${action_id}/resume`)
    expect((await settled(second, token, action_id)).status).toBe('SUCCEEDED')
    const works = await until(() => {
      const found = named(spansOf(TRACE), 'work')
      return found.length === 2 && found
    })
    const request = one(spansOf(TRACE), 'POST /p/run')
    expect(works.map(({ attributes, kind }) => ({ attributes, kind }))).toEqual(
      [
        ['paused', 1],
        ['done', 2],
      ].map(([outcome, attempt]) => ({
        kind: 0,
        attributes: {
          'action_provider.name': 'work',
          'action_provider.action_id': action_id,
          'action_provider.attempt': attempt,
          'action_provider.outcome': outcome,
        },
      })),
    )
    expect(works.map(parentOf)).toEqual([id(request), id(request)])
    const stored = named(spansOf(TRACE), 'store transition').map(parentOf)
    for (const each of works) expect(stored).toContain(id(each))
    const others = spansOf(TRACE).filter(({ name }) => name.endsWith('/resume') || name === 'store takeJobs')
    expect(others).toEqual([])
  })

  test('work that a stop interrupts, and an action that its deadline ends, stay in their traces', async () => {
    const auth = fakeAuth()
    const database = `sqlite:${join(await newFolder(), 'a.db')}`
    const { token } = auth.caller({ username: 'alice' })
    const first = await serveSeen(work, auth, { database })
    const body = { hang: true }
    const { json } = await first.ask(token, 'POST', '/p/run', { request_id: '1', body }, { traceparent })
    await until(
      async () => (await first.ask(token, 'GET', `/p/${json.action_id}/status`)).json.details.hanging,
    )
    await first.close()
    const second = await serveSeen(work, auth, { database })
    expect(await settled(second, token, json.action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { attempt: 2 },
    })
    const outcomes = named(spansOf(TRACE), 'work').map(
      ({ attributes }) => attributes['action_provider.outcome'],
    )
    expect(outcomes).toEqual(['interrupted', 'done'])

    const other = '1bf7651916cd43dd8448eb211c80319c'
    const deadline = new Date(Date.now() + 200).toISOString()
    const late = await second.ask(
      token,
      'POST',
      '/p/run',
      { request_id: '2', body: { hang: 'always' }, deadline },
      { traceparent: traceparent.replace(TRACE, other) },
    )
    expect(await settled(second, token, late.json.action_id)).toMatchObject({ status: 'FAILED' })
    await until(() => named(spansOf(other), 'end').length > 0)
  })

  test('a caller who keeps no trace causes none, in the background neither; looking around causes none', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(work, auth)
    const { token } = auth.caller({ username: 'alice' })
    const off = { traceparent: traceparent.replace(/01$/, '00') }
    const { json } = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} }, off)
    await until(async () => {
      const { json: status } = await served.ask(token, 'GET', `/p/${json.action_id}/status`, undefined, off)
      return status.status !== 'ACTIVE'
    })
    await until(async () => ((await served.metrics()).get('action_provider_sweeps_total') ?? 0) > 2)
    expect(exporter.getFinishedSpans()).toEqual([])
  })

  test('of requests that bring no trace only the share is traced, of actions then all or nothing', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(work, auth, { traceShare: 0 })
    const { token } = auth.caller({ username: 'alice' })
    const run = async (headers: Record<string, string>): Promise<void> => {
      const body = { request_id: crypto.randomUUID(), body: {} }
      const { json } = await served.ask(token, 'POST', '/p/run', body, headers)
      await settled(served, token, json.action_id)
    }
    await run({})
    await run({ traceparent })
    await until(() => named(spansOf(TRACE), 'work').length === 1)
    expect(exporter.getFinishedSpans().filter((span) => span.spanContext().traceId !== TRACE)).toEqual([])
  })

  test('neither metrics nor spans nor logs hold a token, a body, an input or a name', async () => {
    const globus = await emulateGlobus()
    opened.push(globus.close)
    const metrics = createMetrics()
    const lines: string[] = []
    const emf = cloudwatchEmf({
      namespace: 'n',
      actionProvider: 'work',
      write: (line) => void lines.push(line),
    })
    const served = await serveSeen({ ...work, hooks: emf }, globus.auth({ onCall: metrics.authCall }), {
      metrics,
    })
    const token = await globus.token('alice')
    const alice = await globus.user('alice')
    const secrets = [
      's3cret-input',
      's3cret-label',
      's3cret-request',
      's3cret-path',
      's3cret-query',
      's3cret-token',
    ]
    const request = {
      request_id: 's3cret-request',
      label: 's3cret-label',
      body: { fail: true, note: 's3cret-input' },
    }
    const { json } = await served.ask(token, 'POST', '/p/run', request)
    await settled(served, token, json.action_id)
    await served.ask('s3cret-token', 'GET', '/p/actions')
    await served.ask(token, 'GET', '/p/s3cret-path/status')
    await served.ask(token, 'GET', `/p/${json.action_id}/log?marker=s3cret-query`)
    await served.ask(token, 'POST', `/p/${json.action_id}/cancel`)
    emf.flush()
    const { text } = await served.ask(undefined, 'GET', '/metrics')
    const spans = exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      attributes: span.attributes,
      events: span.events,
      status: span.status,
      links: span.links,
    }))
    expect(spans.length).toBeGreaterThan(10)
    expect(lines.length).toBeGreaterThan(0)
    const told = JSON.stringify([text, spans, lines])
    for (const secret of [...secrets, token, alice.urn, alice.urn.slice(-36), alice.username]) {
      expect(told).not.toContain(secret)
    }
    const logged = JSON.stringify(served.log)
    for (const secret of [token, 's3cret-input', 's3cret-query', 's3cret-token'])
      expect(logged).not.toContain(secret)
  })
})

describe('without an OpenTelemetry SDK', () => {
  test('nothing is traced and nothing is kept for it', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(echo, auth)
    expect(served.app.hasRequestDecorator('traced')).toBe(false)
    const { token } = auth.caller({ username: 'alice' })
    await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
    const answered = await until(() => served.log.find(({ msg }) => msg === 'Answered'))
    expect(answered).not.toHaveProperty('trace_id')
  })
})

describe('logs', () => {
  test('a request id that is given is used and answered, and the action is named in every line about it', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(work, auth)
    const { token } = auth.caller({ username: 'alice' })
    const headers = { 'x-request-id': 'flow-7.run_1' }
    const run = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: { fail: true } }, headers)
    expect(run.headers.get('x-request-id')).toBe('flow-7.run_1')
    const { action_id } = run.json
    await settled(served, token, action_id)
    const lines = await until(() => {
      const about = served.log.filter((line) => line.action_id === action_id)
      return about.length >= 3 && about
    })
    expect(lines.find(({ reqId }) => reqId === 'flow-7.run_1')).toMatchObject({
      operation: 'run',
      statusCode: 202,
    })
    expect(lines.find(({ msg }) => msg === 'The work of an action failed')).toMatchObject({
      provider: 'work',
    })
    expect(served.log.some(({ reqId }) => reqId === undefined)).toBe(true)
    const refused = await served.ask(undefined, 'GET', '/nowhere')
    expect(refused.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/)
    const probes = ['/healthz', '/readyz', '/metrics']
    for (const path of probes) await served.ask(undefined, 'GET', path)
    const paths = served.log.map(({ req }) => (req as { path?: string } | undefined)?.path ?? '')
    expect(paths.filter((path) => probes.includes(path))).toEqual([])
  })

  test('no request id can break a log or a header', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('a\nb', 'a"b', 'x'.repeat(65), '', '{}')),
        (given) => {
          const id = requestIdOf({ headers: { 'x-request-id': given } })
          expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
          if (/^[A-Za-z0-9._-]{1,64}$/.test(given)) expect(id).toBe(given)
        },
      ),
    )
  })
})

describe('CloudWatch', () => {
  const emfOf = (options: { gather?: number } = {}) => {
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    const emf = cloudwatchEmf({ namespace: 'Science', actionProvider: 'Echo', write, ...options })
    return { emf, read: () => lines.splice(0).map((line) => JSON.parse(line)) }
  }

  test("a request is a line with the original's metrics and dimensions", async () => {
    const { emf, read } = emfOf({ gather: 0 })
    const auth = fakeAuth()
    const served = await serveSeen({ ...echo, hooks: emf }, auth)
    const { token } = auth.caller({ username: 'alice' })
    await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
    const [line] = await until(() => {
      const lines = read()
      return lines.length === 1 && lines
    })
    expect(line).toEqual({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Science',
            Dimensions: [['ActionProvider'], ['ActionProvider', 'Route']],
            Metrics: [
              { Name: 'RequestCount', Unit: 'Count' },
              { Name: '2XXs', Unit: 'Count' },
              { Name: '4XXs', Unit: 'Count' },
              { Name: '5XXs', Unit: 'Count' },
              { Name: 'RequestLatency', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      ActionProvider: 'Echo',
      Route: 'run',
      RequestCount: 1,
      '2XXs': 1,
      '4XXs': 0,
      '5XXs': 0,
      RequestLatency: expect.any(Number),
    })
    await served.ask(undefined, 'POST', '/p/run', {})
    const [refused] = await until(() => {
      const lines = read()
      return lines.length === 1 && lines
    })
    expect(refused).toMatchObject({ RequestCount: 1, '2XXs': 0, '4XXs': 1, '5XXs': 0 })
  })

  test('gathered lines say of every request what a line of its own would', () => {
    const request = fc.record({
      operation: fc.constantFrom('run', 'status'),
      statusCode: fc.constantFrom(200, 202, 304, 401, 404, 500, 503),
      durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    })
    type Values = Record<string, number | number[]>
    const flat = (lines: Values[], route: string): unknown[] =>
      lines
        .filter(({ Route }) => (Route as unknown) === route)
        .flatMap((line) => {
          const columns = ['RequestCount', '2XXs', '4XXs', '5XXs', 'RequestLatency'].map((name) =>
            [line[name]].flat(),
          )
          expect(columns[0]?.length).toBeLessThanOrEqual(100)
          return (columns[0] ?? []).map((_, index) => columns.map((column) => column[index]))
        })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 250 }), (requests) => {
        const single = emfOf({ gather: 0 })
        const gathered = emfOf()
        for (const each of requests) {
          single.emf.after(each as never)
          gathered.emf.after(each as never)
        }
        gathered.emf.flush()
        const [ones, many] = [single.read(), gathered.read()]
        expect(ones).toHaveLength(requests.length)
        for (const route of ['run', 'status']) expect(flat(many, route)).toEqual(flat(ones, route))
      }),
      { numRuns: 30 },
    )
  })

  test('what it needs is asked for, and settings switch it and the metrics', () => {
    expect(() => cloudwatchEmf({ namespace: '', actionProvider: 'x' })).toThrow(InvalidDefinition)
    expect(readConfiguration({}, 'x')).toMatchObject({ metrics: true, traceShare: 1 })
    expect(readConfiguration({ TRACE_SHARE: '0.01' }, 'x')).toMatchObject({ traceShare: 0.01 })
    expect(() => readConfiguration({ TRACE_SHARE: '1 %' }, 'x')).toThrow(
      /TRACE_SHARE must be a number from 0 to 1/,
    )
    expect(readConfiguration({ METRICS: 'off', CLOUDWATCH_NAMESPACE: 'Science' }, 'x')).toMatchObject({
      metrics: false,
      cloudwatchNamespace: 'Science',
    })
    expect(() => readConfiguration({ METRICS: 'maybe' }, 'x')).toThrow(/METRICS must be one of: on, off/)
  })
})

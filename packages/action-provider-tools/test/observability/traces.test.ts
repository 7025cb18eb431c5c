import { context, propagation, trace } from '@opentelemetry/api'
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import { cloudwatchEmf, createMetrics } from '../../src/index.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { emulateGlobus } from '../auth/emulated-globus.ts'
import { createDatabaseUrl, echo, serveSeen, untilSettled, work } from './seen.ts'

describe('without an OpenTelemetry SDK', () => {
  test('nothing is traced and nothing is kept for it', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(echo, auth)
    expect(served.app.hasRequestDecorator('traced')).toBe(false)
    const { token } = auth.caller({ username: 'alice' })
    await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
    const answered = await eventually(() => served.log.find(({ msg }) => msg === 'Answered'))
    expect(answered).not.toHaveProperty('trace_id')
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
    onTestFinished(globus.close)
    const served = await serveSeen(echo, globus.auth())
    const token = await globus.token('alice')
    const { json } = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} }, { traceparent })
    const spans = await eventually(
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
    const answered = await eventually(() => served.log.find(({ msg }) => msg === 'Answered'))
    expect(answered).toMatchObject({ trace_id: TRACE, action_id: json.action_id })
  })

  test('the work of an action goes on in the trace of its run, after a pause and after a restart', async () => {
    const auth = fakeAuth()
    const databaseUrl = await createDatabaseUrl()
    const { token } = auth.caller({ username: 'alice' })
    const first = await serveSeen(work, auth, { databaseUrl })
    const run = await first.ask(
      token,
      'POST',
      '/p/run',
      { request_id: '1', body: { pause: true } },
      { traceparent },
    )
    const { action_id } = run.json
    await untilSettled(first, token, action_id)
    await first.close()
    const second = await serveSeen(work, auth, { databaseUrl })
    await second.ask(token, 'POST', `/p/${action_id}/resume`)
    expect((await untilSettled(second, token, action_id)).status).toBe('SUCCEEDED')
    const works = await eventually(() => {
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
    const databaseUrl = await createDatabaseUrl()
    const { token } = auth.caller({ username: 'alice' })
    const first = await serveSeen(work, auth, { databaseUrl })
    const body = { hang: true }
    const { json } = await first.ask(token, 'POST', '/p/run', { request_id: '1', body }, { traceparent })
    await eventually(
      async () => (await first.ask(token, 'GET', `/p/${json.action_id}/status`)).json.details.hanging,
    )
    await first.close()
    const second = await serveSeen(work, auth, { databaseUrl })
    expect(await untilSettled(second, token, json.action_id)).toMatchObject({
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
    expect(await untilSettled(second, token, late.json.action_id)).toMatchObject({ status: 'FAILED' })
    await eventually(() => named(spansOf(other), 'end').length > 0)
  })

  test('a caller who keeps no trace causes none, in the background neither; looking around causes none', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(work, auth)
    const { token } = auth.caller({ username: 'alice' })
    const off = { traceparent: traceparent.replace(/01$/, '00') }
    const { json } = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} }, off)
    await eventually(async () => {
      const { json: status } = await served.ask(token, 'GET', `/p/${json.action_id}/status`, undefined, off)
      return status.status !== 'ACTIVE'
    })
    await eventually(async () => ((await served.metrics()).get('action_provider_sweeps_total') ?? 0) > 2)
    expect(exporter.getFinishedSpans()).toEqual([])
  })

  test('of requests that bring no trace only the share is traced, of actions then all or nothing', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(work, auth, { traceShare: 0 })
    const { token } = auth.caller({ username: 'alice' })
    const run = async (headers: Record<string, string>): Promise<void> => {
      const body = { request_id: crypto.randomUUID(), body: {} }
      const { json } = await served.ask(token, 'POST', '/p/run', body, headers)
      await untilSettled(served, token, json.action_id)
    }
    await run({})
    await run({ traceparent })
    await eventually(() => named(spansOf(TRACE), 'work').length === 1)
    expect(exporter.getFinishedSpans().filter((span) => span.spanContext().traceId !== TRACE)).toEqual([])
  })

  test('neither metrics nor spans nor logs hold a token, a body, an input or a name', async () => {
    const globus = await emulateGlobus()
    onTestFinished(globus.close)
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
    await untilSettled(served, token, json.action_id)
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

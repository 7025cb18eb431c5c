import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import {
  actionProvider,
  createMetrics,
  observability,
  openStore,
  ServiceUnavailable,
} from '../../src/index.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { emulateGlobus } from '../auth/emulated-globus.ts'
import { createDatabaseUrl, echo, samplesOf, serveSeen, untilSettled, work } from './seen.ts'

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
    await untilSettled(served, token, good)
    await untilSettled(served, token, await run({ fail: true }))
    await untilSettled(served, token, await run({ pause: true }))
    await run({ hang: 'always' })
    await untilSettled(served, token, await run({}, { release_after: 'PT0S' })).catch(() => {})
    await served.ask(token, 'POST', `/p/${good}/release`)
    await served.ask(token, 'GET', '/p/00000000-0000-7000-8000-000000000000/status')
    await served.ask(undefined, 'POST', '/p/run', {})
    await served.ask(token, 'GET', '/p/nowhere/at/all')

    const samples = await eventually(async () => {
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
    const databaseUrl = await createDatabaseUrl()
    const before = await serveSeen(work, auth, { databaseUrl })
    const { token } = auth.caller({ username: 'alice' })
    for (const body of [{}, {}, { fail: true }, { pause: true }]) {
      const { json } = await before.ask(token, 'POST', '/p/run', { request_id: crypto.randomUUID(), body })
      await untilSettled(before, token, json.action_id)
    }
    await before.close()
    const samples = await (await serveSeen(work, auth, { databaseUrl })).metrics()
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
    onTestFinished(globus.close)
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
    onTestFinished(() => own.close())
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
    await eventually(async () => (await served.metrics()).get(counted) === 1)
    const { body } = await own.inject('/metrics')
    expect(body).toContain('action_provider_actions_started_total{provider="echo"} 0')
    expect(samplesOf(body).has(counted)).toBe(false)
  })
})

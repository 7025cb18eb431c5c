import { describe, expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import { defineActionProvider, openStore, ServiceUnavailable } from '../../src/index.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { about, echo, input, serveSeen } from './seen.ts'

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
    const refused = await eventually(async () => {
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
    await eventually(async () => (await served.ask(undefined, 'GET', '/readyz')).status === 200)
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
    // Once the grace is over it listens no more, and nobody could ask it.
    const served = await serveSeen(slow, auth, { shutdownGrace: 20_000 })
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

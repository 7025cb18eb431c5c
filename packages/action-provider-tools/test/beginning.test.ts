import { describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { RunContext } from '../src/index.ts'
import {
  createDatabase,
  holders,
  proxy,
  run,
  type Started,
  serve,
  serveFront,
  untilComplete,
  type Work,
} from './instances.ts'
import type { Served } from './served.ts'

/** Work that begins in the commit that records its action. */

describe('work that begins with its action', () => {
  /** An instance that begins at once what it records, for no job waits. */
  async function serveIdle(url: string, work: Work): Promise<Served> {
    const served = await serve(proxy.through(url), work, { shutdownGrace: 10_000 })
    await untilComplete(served, await run(served, 'before'))
    return served
  }
  /** Starts an action, whatever is answered. */
  async function tryRun(served: Served): Promise<Started & { status: number }> {
    const caller = served.auth.caller({ username: 'alice' })
    const { json, status } = await served.ask(caller, 'POST', '/p/run', { request_id: 'one', body: {} })
    return { caller, action_id: json.action_id, status }
  }
  const counting = () => {
    const attempts: number[] = []
    const work = {
      restartable: false,
      run: async ({ attempt }: RunContext<unknown>) => void attempts.push(attempt),
    }
    return { attempts, work }
  }

  test('is held and has begun from the same commit on', async () => {
    const url = await createDatabase()
    const go = Promise.withResolvers<void>()
    const served = await serveIdle(url, {
      run: ({ request }: RunContext<unknown>) => request.request_id === 'one' && go.promise,
    })
    const started = await run(served)
    const [job] = await holders(url)
    expect(job).toMatchObject({ holder: expect.any(String), lease: 1 })
    expect(await served.store.get('work', started.action_id)).toMatchObject({
      attempt: 1,
      lease: 1,
      runs_on: job?.holder,
    })
    go.resolve()
    expect(await untilComplete(served, started)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await holders(url)).toEqual([])
  })

  test('runs once, and is not failed, where nobody heard that it was recorded', async () => {
    const url = await createDatabase()
    const { attempts, work } = counting()
    const served = await serveIdle(url, work)
    const lost = proxy.loseAnswer('record')
    expect((await tryRun(served)).status).toBe(503)
    await lost
    const again = await tryRun(served)
    expect(again.status).toBe(200)
    expect(await untilComplete(served, again)).toMatchObject({ status: 'SUCCEEDED' })
    expect(attempts).toEqual([1, 1])
  })

  test('is left to others, as if nothing were, by an instance that stops', async () => {
    const url = await createDatabase()
    const { attempts, work } = counting()
    const first = await serveIdle(url, work)
    const answer = proxy.holdAnswer('record')
    const asked = tryRun(first)
    const pass = await answer
    const closing = first.close()
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    pass()
    const started = await asked
    await closing
    expect(attempts).toEqual([1])
    const second = await serve(url, work, { auth: first.auth })
    expect(await untilComplete(second, started)).toMatchObject({ status: 'SUCCEEDED' })
    expect(attempts).toEqual([1, 1])
  })

  test('does not begin where it was canceled before its instance heard that it was recorded', async () => {
    const url = await createDatabase()
    const { attempts, work } = counting()
    const first = await serveIdle(url, work)
    const front = await serveFront(url, first.auth)
    const answer = proxy.holdAnswer('record')
    const asked = tryRun(first)
    const pass = await answer
    const caller = first.auth.caller({ username: 'alice' })
    const { json } = await front.ask(caller, 'GET', '/p/actions?status=active')
    const heard = Promise.withResolvers<void>()
    first.store.subscribe('work', ({ kind }) => kind === 'cancel' && heard.resolve())
    await front.ask(caller, 'POST', `/p/${json[0].action_id}/cancel`)
    await heard.promise
    pass()
    expect(await untilComplete(front, await asked)).toMatchObject({ details: { code: 'Canceled' } })
    expect(attempts).toEqual([1])
  })
})

test('a new action passes over no job that waits, though a place is free', async () => {
  const url = await createDatabase()
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const began: string[] = []
  const work = {
    concurrency: 2,
    run({ request }: RunContext<unknown>) {
      began.push(request.request_id)
      const gate = Promise.withResolvers<void>()
      gates.set(request.request_id, gate)
      return gate.promise
    },
  }
  const served = await serve(proxy.through(url), work)
  const front = await serveFront(url, served.auth)
  for (const id of ['a', 'b']) await run(served, id)
  await eventually(() => began.length === 2)
  const told = Promise.withResolvers<void>()
  served.store.subscribe('work', () => told.resolve())
  for (const id of ['waits 1', 'waits 2']) await run(front, id)
  await told.promise
  // It takes a job for one place while the other gets free.
  const taken = proxy.holdAnswer('take-jobs')
  gates.get('a')?.resolve()
  const pass = await taken
  gates.get('b')?.resolve()
  await eventually(async () => (await served.store.count('work')).actions.SUCCEEDED === 2)
  await run(served, 'new')
  pass()
  await eventually(() => began.length === 4)
  expect(began.slice(2).sort()).toEqual(['waits 1', 'waits 2'])
  for (const { resolve } of gates.values()) resolve()
})

import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { ActionFailed, type RunContext, TemporaryFailure } from '../src/index.ts'
import { pick } from '../src/store-contract/actions.ts'
import { aborted, codeOf, describeWork, run, start, untilStatus } from './serve-work.ts'
import { untilSettled } from './served.ts'

describeWork('work', ({ serve }) => {
  test('returning gives SUCCEEDED with the value as details', async () => {
    const served = await serve({ run: async ({ input }: RunContext<unknown>) => ({ got: input }) })
    const { caller, action_id, status } = await run(served, { body: { x: 1 } })
    expect(status).toMatchObject({ status: 'ACTIVE', details: {} })
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      display_status: 'SUCCEEDED',
      details: { got: { x: 1 } },
      completion_time: expect.any(String),
    })
  })

  test('ActionFailed gives FAILED with its details; any other error reveals nothing', async () => {
    const served = await serve({
      run: async ({ input }: RunContext<{ how: string }>) => {
        if (input.how === 'known')
          throw new ActionFailed({ code: 'QuotaExceeded', description: 'Full', quota: 1 })
        if (input.how === 'details') return 7 as never
        throw new Error('password is hunter2')
      },
    })
    const known = await run(served, { body: { how: 'known' } })
    expect(await untilSettled(served, known.caller, known.action_id)).toMatchObject({
      status: 'FAILED',
      details: { code: 'QuotaExceeded', description: 'Full', quota: 1 },
    })
    for (const how of ['unknown', 'details']) {
      const unknown = await run(served, { body: { how } })
      const failed = await untilSettled(served, unknown.caller, unknown.action_id)
      expect(failed).toMatchObject({ status: 'FAILED', details: { code: 'ActionProviderError' } })
      expect(JSON.stringify(failed)).not.toContain('hunter2')
    }
  })

  test('temporary failures are tried again, up to the limit', async () => {
    const attempts: number[] = []
    const served = await serve({
      retry: { limit: 3, backoff: 10 },
      run: async ({ attempt, input }: RunContext<{ never?: boolean }>) => {
        attempts.push(attempt)
        if (attempt < 3 || input.never) throw new TemporaryFailure('Not yet')
        return { attempt }
      },
    })
    const passing = await run(served)
    expect(await untilSettled(served, passing.caller, passing.action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { attempt: 3 },
    })
    const lasting = await run(served, { body: { never: true } })
    expect(codeOf(await untilSettled(served, lasting.caller, lasting.action_id))).toBe('TemporaryFailure')
    expect(attempts).toEqual([1, 2, 3, 1, 2, 3])
  })

  test('progress shows in status and log entries in log, in order, whatever their number', async () => {
    const said = Promise.withResolvers<void>()
    const served = await serve({
      run: async ({ progress, log, signal }: RunContext<unknown>) => {
        for (let step = 1; step <= 2_000; step++) {
          progress({ step }, `Step ${step}`)
          log('Step', `${step}`, { step })
        }
        said.resolve()
        return aborted(signal)
      },
    })
    const { caller, action_id } = await run(served)
    await said.promise
    const status = await untilStatus(
      served,
      caller,
      action_id,
      ({ display_status }) => display_status !== 'ACTIVE',
    )
    expect(status).toMatchObject({
      status: 'ACTIVE',
      details: { step: 2_000 },
      display_status: 'Step 2000',
    })
    const { json } = await served.ask(caller, 'GET', `/p/${action_id}/log?limit=1000`)
    expect(json.has_next_page).toBe(true)
    const rest = await served.ask(caller, 'GET', `/p/${action_id}/log?limit=1000&marker=${json.marker}`)
    const steps = [...json.entries, ...rest.json.entries].map((entry) => entry.details.step)
    expect(steps).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1))
  })

  test('pause makes it INACTIVE until a manager resumes it', async () => {
    const served = await serve({
      run: async ({ attempt, pause }: RunContext<unknown>) => {
        if (attempt === 1)
          pause({ code: 'NeedsApproval', description: 'Approve', resolution_url: 'https://example.org' })
        return { attempt }
      },
    })
    const bob = served.auth.caller({ username: 'bob' })
    const { caller, action_id } = await run(served, { manage_by: [bob.urn], monitor_by: [bob.urn] })
    expect(await untilStatus(served, caller, action_id, ({ status }) => status === 'INACTIVE')).toMatchObject(
      {
        details: { code: 'NeedsApproval', resolution_url: 'https://example.org' },
      },
    )
    expect((await served.ask(bob, 'POST', `/p/${action_id}/resume`)).json.status).toBe('ACTIVE')
    expect(await untilSettled(served, caller, action_id)).toMatchObject({ details: { attempt: 2 } })
  })

  test('a missing consent makes it INACTIVE with required_scope; after consent, resume carries on', async () => {
    const served = await serve({
      run: async ({ dependentToken }: RunContext<unknown>) => ({
        token: await dependentToken('urn:other'),
      }),
    })
    const { caller, action_id } = await run(served)
    const inactive = await untilStatus(served, caller, action_id, ({ status }) => status === 'INACTIVE')
    expect(inactive.details).toMatchObject({
      code: 'ConsentRequired',
      required_scope: `${served.auth.scope}[urn:other]`,
    })
    const again = served.auth.caller({ username: 'alice', consents: ['urn:other'] })
    expect((await served.ask(again, 'POST', `/p/${action_id}/resume`)).status).toBe(200)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { token: expect.stringContaining('fake-dependent-token') },
    })
    expect(await served.store.getSecret('work', action_id)).toBeUndefined()
  })

  test('work in another system is started once, polled, and told to stop', async () => {
    const system = { started: 0, polls: 0, canceled: [] as unknown[] }
    const served = await serve({
      start: async () => ({ job: ++system.started }),
      poll: async ({ handle, input }: RunContext<{ endless?: boolean }> & { handle: { job: number } }) => {
        system.polls++
        return system.polls < 3 || input.endless ? { progress: { polls: system.polls } } : { done: handle }
      },
      cancel: async ({ handle }: { handle: unknown }) => void system.canceled.push(handle),
      pollInterval: 20,
    })
    const first = await run(served)
    // Nobody asks: the polls in the background finish it.
    await eventually(async () => (await served.store.get('work', first.action_id))?.status === 'SUCCEEDED')
    expect(await untilSettled(served, first.caller, first.action_id)).toMatchObject({ details: { job: 1 } })
    const endless = await run(served, { body: { endless: true } })
    await untilStatus(
      served,
      endless.caller,
      endless.action_id,
      ({ details }) => 'polls' in (details as object),
    )
    await served.ask(endless.caller, 'POST', `/p/${endless.action_id}/cancel`)
    expect(codeOf(await untilSettled(served, endless.caller, endless.action_id))).toBe('Canceled')
    expect(system).toMatchObject({ started: 2, canceled: [{ job: 2 }] })
  })

  test('status asks the other system no more often than the poll interval', async () => {
    let polls = 0
    const served = await serve({
      start: async () => 'handle',
      poll: async () => ({ progress: { polls: ++polls } }),
      pollInterval: 60_000,
    })
    const { caller, action_id } = await run(served)
    await eventually(async () => (await served.store.get('work', action_id))?.attempt === 1)
    for (let times = 0; times < 50; times++) await served.ask(caller, 'GET', `/p/${action_id}/status`)
    expect(polls).toBe(0)
  })

  test('no more actions run at once than the concurrency allows, and all of them run', async () => {
    let running = 0
    let most = 0
    const full = Promise.withResolvers<void>()
    const served = await serve({
      concurrency: 4,
      run: async () => {
        most = Math.max(most, ++running)
        if (running === 4) full.resolve()
        await full.promise
        await new Promise((resolve) => setImmediate(resolve))
        running--
      },
    })
    const begun = await Promise.all(Array.from({ length: 40 }, () => run(served)))
    for (const { caller, action_id } of begun) await untilSettled(served, caller, action_id)
    expect(most).toBe(4)
  })

  test('no more actions of one caller or key run at once than allowed, and the next begins when one ends', async () => {
    const running = new Map<string, number>()
    const most = new Map<string, number>()
    const count = (names: readonly string[], by: number): void => {
      for (const name of names) {
        const now = (running.get(name) ?? 0) + by
        running.set(name, now)
        most.set(name, Math.max(most.get(name) ?? 0, now))
      }
    }
    const work = {
      concurrency: {
        perCaller: 3,
        key: ({ input }: { input: { cluster: string } }) => input.cluster,
        perKey: 2,
      },
      run: async ({ input, creator_id }: RunContext<{ cluster: string }>) => {
        count([creator_id, input.cluster], 1)
        await new Promise((resolve) => setImmediate(resolve))
        count([creator_id, input.cluster], -1)
      },
    }
    // Nobody looks at intervals: whatever begins does so because another has ended.
    const timing = { tick: 20, poll: 600_000, keep: 600_000, sweep: 600_000, gather: 10 }
    const first = await serve(work, { timing })
    const { auth, database, store } = first
    const both = store.kind === 'sqlite' ? [first] : [first, await serve(work, { auth, database, timing })]
    const callers = ['alice', 'bob', 'carol'].map((username) => auth.caller({ username }))
    const started = await Promise.all(
      Array.from({ length: 48 }, async (_, index) => {
        const caller = pick(callers, index)
        const { action_id } = await start(pick(both, index), caller, { body: { cluster: `${index % 4}` } })
        return { caller, action_id }
      }),
    )
    for (const { caller, action_id } of started) {
      expect(await untilSettled(first, caller, action_id)).toMatchObject({ status: 'SUCCEEDED' })
    }
    for (const { urn } of callers) expect(most.get(urn)).toBeLessThanOrEqual(3)
    for (const cluster of ['0', '1', '2', '3']) expect(most.get(cluster)).toBeLessThanOrEqual(2)
  })

  test('an action is gone at completion_time + release_after', async () => {
    const served = await serve({ run: async () => ({}) })
    const { caller, action_id } = await run(served, { release_after: 1 })
    expect(await untilSettled(served, caller, action_id)).toMatchObject({ release_after: 'PT1S' })
    await eventually(async () => (await served.ask(caller, 'GET', `/p/${action_id}/status`)).status === 404)
    await eventually(async () => (await served.store.count('work')).actions.SUCCEEDED === 0)
  })
})

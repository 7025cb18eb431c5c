import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { connect } from '../src/client/index.ts'
import { type RunContext, WaitTimeout } from '../src/index.ts'
import { codeOf, createClock, describeWork, run, untilStatus } from './serve-work.ts'
import { type Served, untilSettled } from './served.ts'

type Context = RunContext<unknown>
const DAY = 24 * 3_600_000
const schema = {
  type: 'object',
  properties: { approved: { type: 'boolean' } },
  required: ['approved'],
} as const

describeWork('events', (server) => {
  const waiting = {
    run: async ({ waitFor, attempt }: Context) => ({
      got: await waitFor('approval', { schema, timeout: { days: 2 } }),
      attempt,
    }),
  }
  const send = (
    served: Served,
    caller: { token: string } | undefined,
    actionId: string,
    value: unknown,
    headers: Record<string, string> = {},
    event = 'approval',
  ) => served.ask(caller, 'POST', `/p/actions/${actionId}/events/${event}`, JSON.stringify(value), headers)
  const untilWaiting = (served: Served, caller: { token: string }, actionId: string) =>
    untilStatus(served, caller, actionId, ({ display_status }) => display_status === 'Waiting for approval')

  test('work waits for one, of the creator or of who may manage it, and goes on with its value', async () => {
    const served = await server.serve(waiting)
    const bob = served.auth.caller({ username: 'bob' })
    const carol = served.auth.caller({ username: 'carol' })
    const { caller, action_id } = await run(served, { manage_by: [bob.urn], monitor_by: [carol.urn] })
    await untilWaiting(served, caller, action_id)
    expect((await served.store.get('work', action_id))?.runs_on).toBeUndefined()
    expect((await send(served, carol, action_id, { approved: true })).status).toBe(404)
    expect((await send(served, undefined, action_id, { approved: true })).status).toBe(401)
    const misfit = await send(served, bob, action_id, { approved: 'yes' })
    expect(misfit.status).toBe(422)
    expect(misfit.json.description).toContain('$.approved')
    const sent = await send(served, bob, action_id, { approved: true })
    expect(sent).toMatchObject({ status: 200, json: { status: 'ACTIVE', display_status: 'ACTIVE' } })
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { got: { approved: true }, attempt: 1 },
    })
    expect((await send(served, bob, action_id, { approved: true })).status).toBe(409)
    const { json } = await served.ask(caller, 'GET', `/p/${action_id}/log`)
    expect(json.entries.map(({ code }: { code: string }) => code)).toEqual(['Wait', 'Event'])
  })

  test.each([
    ['a text', { type: 'string', minLength: 1 }, 'yes', 7],
    ['a number', { type: 'integer' }, 0, 0.5],
    ['a list', { type: 'array', items: { type: 'boolean' } }, [true], [1]],
    ['null', { type: 'null' }, null, {}],
  ])('its value may be %s', async (_kind, schema, value, misfit) => {
    const served = await server.serve({
      run: async ({ waitFor }: Context) => ({ got: await waitFor('approval', { schema }) }),
    })
    const { caller, action_id } = await run(served)
    await untilWaiting(served, caller, action_id)
    expect((await send(served, caller, action_id, misfit)).status).toBe(422)
    expect((await send(served, caller, action_id, value)).status).toBe(200)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({ details: { got: value } })
  })

  test('one that comes before anybody waits is kept; a repeated one counts once', async () => {
    const go = Promise.withResolvers<void>()
    const served = await server.serve({
      run: async ({ step, waitFor }: Context) => {
        await step('busy', () => go.promise)
        const first = await waitFor('approval', { schema })
        const second = await waitFor('approval', { schema })
        return { first, second }
      },
    })
    const { caller, action_id } = await run(served)
    const keyed = { 'idempotency-key': 'one' }
    for (let times = 0; times < 3; times++) {
      expect((await send(served, caller, action_id, { approved: false })).status).toBe(200)
      expect((await send(served, caller, action_id, { approved: true }, keyed)).status).toBe(200)
    }
    go.resolve()
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      details: { first: { approved: false }, second: { approved: true } },
    })
  })

  test('one that does not fit what the work then waits for counts as if it had not come', async () => {
    const go = Promise.withResolvers<void>()
    const served = await server.serve({
      run: async ({ step, waitFor }: Context) => {
        await step('busy', () => go.promise)
        return { got: await waitFor('approval', { schema }) }
      },
    })
    const { caller, action_id } = await run(served)
    expect((await send(served, caller, action_id, 'yes')).status).toBe(200)
    go.resolve()
    await untilWaiting(served, caller, action_id)
    expect((await send(served, caller, action_id, { approved: true })).status).toBe(200)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      details: { got: { approved: true } },
    })
    const { json } = await served.ask(caller, 'GET', `/p/${action_id}/log`)
    expect(json.entries.map(({ code }: { code: string }) => code)).toContain('EventRefused')
  })

  test('one that does not come in time is an error that the work can catch, and fails it otherwise', async () => {
    const clock = createClock()
    const served = await server.serve(
      {
        run: async ({ waitFor, step }: Context) => {
          const late = await waitFor('approval', { schema, timeout: 'P1D' }).catch((error: unknown) => {
            if (error instanceof WaitTimeout) return 'late'
            throw error
          })
          await step('late', () => late)
          return { got: await waitFor('approval', { schema, timeout: 'P1D' }) }
        },
      },
      { clock },
    )
    const { caller, action_id } = await run(served)
    await untilWaiting(served, caller, action_id)
    clock.forward(1.5 * DAY)
    await eventually(async () => (await served.store.getWork('work', action_id))?.steps.length === 3)
    clock.forward(1.5 * DAY)
    expect(codeOf(await untilSettled(served, caller, action_id))).toBe('WaitTimeout')
  })

  test('an action may be INACTIVE while it waits, and an event or the end of the time makes it ACTIVE again', async () => {
    const clock = createClock()
    const inactive = {
      code: 'ApprovalRequired',
      description: 'Approve it',
      resolution_url: 'https://example.org/approve',
    }
    const served = await server.serve(
      {
        run: async ({ waitFor }: Context) => ({
          got: await waitFor('approval', { schema, timeout: 'P1D', inactive }),
        }),
      },
      { clock },
    )
    const one = await run(served)
    expect(await untilSettled(served, one.caller, one.action_id)).toMatchObject({
      status: 'INACTIVE',
      details: inactive,
    })
    // Resumed without the event, it waits again.
    await served.ask(one.caller, 'POST', `/p/${one.action_id}/resume`)
    expect(await untilSettled(served, one.caller, one.action_id)).toMatchObject({ status: 'INACTIVE' })
    expect((await send(served, one.caller, one.action_id, { approved: true })).json.status).toBe('ACTIVE')
    expect(await untilSettled(served, one.caller, one.action_id)).toMatchObject({ status: 'SUCCEEDED' })

    const two = await run(served)
    await untilSettled(served, two.caller, two.action_id)
    clock.forward(2 * DAY)
    await untilStatus(served, two.caller, two.action_id, (status) => codeOf(status) === 'WaitTimeout')
  })

  test('beside a step that is in hand, work hears of one, and need not look for it', async () => {
    // The next look comes much later than a test ends.
    const timing = { tick: 20, poll: 600_000, keep: 100, sweep: 50, gather: 10 }
    const work = {
      run: async ({ waitFor, step }: Context) => {
        const go = Promise.withResolvers<void>()
        const [got] = await Promise.all([
          waitFor('approval', { schema }).then((value) => {
            go.resolve()
            return value
          }),
          step('slow', () => go.promise),
        ])
        return { got }
      },
    }
    const served = await server.serve(work, { timing })
    const { caller, action_id } = await run(served)
    await eventually(async () => (await served.store.getWork('work', action_id))?.steps.length === 1)
    await send(served, caller, action_id, { approved: true })
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      details: { got: { approved: true } },
    })
  })

  test('whoever holds its signed URL may send one, once, whichever key signs by then', async () => {
    const urls: string[] = []
    const keys = [1, 2].map((fill) => Buffer.alloc(32, fill))
    const work = {
      run: async ({ waitFor, callbackUrl }: Context) => {
        urls.push(callbackUrl('approval'), callbackUrl('approval'))
        const first = await waitFor('approval', { schema })
        return { first, second: await waitFor('approval', { schema }) }
      },
    }
    const served = await server.serve(work, {
      secretsKeys: [keys[0] as Buffer],
      publicUrl: 'https://a.example/science/',
    })
    const { caller, action_id } = await run(served)
    await untilWaiting(served, caller, action_id)
    await served.close()
    const rotated = await server.serve(work, {
      database: served.database,
      secretsKeys: keys.toReversed(),
      publicUrl: 'https://a.example/science',
    })
    const post = async (url: string | undefined, value: unknown) => {
      const [before, path = ''] = (url ?? '').split('/science')
      expect(before).toBe('https://a.example')
      return rotated.ask(undefined, 'POST', path, JSON.stringify(value))
    }
    const [first = '', second = ''] = urls
    expect(first).not.toBe(second)
    expect((await post(first.replace('use=1', 'use=3'), { approved: true })).status).toBe(404)
    expect((await post(first.replace('approval', 'other'), { approved: true })).status).toBe(404)
    expect((await post(first, { approved: 1 })).status).toBe(422)
    expect((await post(first, { approved: true })).status).toBe(200)
    expect((await post(first, { approved: true })).status).toBe(200)
    expect((await post(first, { approved: false })).status).toBe(409)
    expect((await post(second, { approved: false })).status).toBe(200)
    const alice = rotated.auth.caller({ username: 'alice' })
    expect(await untilSettled(rotated, alice, action_id)).toMatchObject({
      details: { first: { approved: true }, second: { approved: false } },
    })
    expect((await post(second, { approved: false })).status).toBe(409)
    const uses = urls.map((url) => new URL(url).searchParams.get('use'))
    expect(new Set(uses)).toEqual(new Set(['1', '2']))
  })

  test('the client sends them', async () => {
    const served = await server.serve(waiting)
    const { caller, action_id } = await run(served)
    const action = connect(`${served.url}/p`, caller).action(action_id)
    await expect(action.send('no name', 1)).rejects.toMatchObject({ code: 'RequestValidationError' })
    expect(await action.send('approval', { approved: true })).toMatchObject({ status: 'ACTIVE' })
    expect(await action.finished()).toMatchObject({ details: { got: { approved: true } } })
  })

  test('cancel ends work that waits at once, and bad names and bodies are refused', async () => {
    const served = await server.serve(waiting)
    const { caller, action_id } = await run(served)
    await untilWaiting(served, caller, action_id)
    expect((await send(served, caller, action_id, 1, {}, 'no%20name')).status).toBe(422)
    const path = `/p/actions/${action_id}/events/approval`
    expect((await served.ask(caller, 'POST', path, '{')).status).toBe(400)
    const { json } = await served.ask(caller, 'POST', `/p/${action_id}/cancel`)
    expect(codeOf(json)).toBe('Canceled')
  })
})

import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { RunContext } from '../src/index.ts'
import { aborted, describeWork, description, run } from './serve-work.ts'
import { untilSettled } from './served.ts'

describeWork('work of a synchronous provider', ({ serve }) => {
  test('a synchronous provider whose work takes its time answers when it has ended, once for all who ask', async () => {
    const go = Promise.withResolvers<void>()
    let runs = 0
    const served = await serve({
      description: { ...description, synchronous: true },
      run: async () => {
        runs++
        await go.promise
        return { runs }
      },
    })
    const caller = served.auth.caller({ username: 'alice' })
    const answers = Promise.all(
      Array.from({ length: 5 }, () => served.ask(caller, 'POST', '/p/run', { request_id: 'slow', body: {} })),
    )
    await eventually(() => runs === 1)
    go.resolve()
    for (const { json } of await answers)
      expect(json).toMatchObject({ status: 'SUCCEEDED', details: { runs: 1 } })
  })

  test('a function that returns a promise runs once, also where it was not declared async', async () => {
    let runs = 0
    const served = await serve({
      description: { ...description, synchronous: true },
      run: () => Promise.resolve({ runs: ++runs }),
    })
    const { status } = await run(served)
    expect(status).toMatchObject({ status: 'SUCCEEDED', details: { runs: 1 } })
    expect((await run(served)).status).toMatchObject({ details: { runs: 2 } })
  })

  test('such a function gets its tokens also where another instance carries on', async () => {
    const began = Promise.withResolvers<void>()
    const work = {
      description: { ...description, synchronous: true },
      run({ attempt, signal, dependentToken }: RunContext<unknown>) {
        if (attempt > 1) return dependentToken('urn:other').then((token) => ({ token }))
        began.resolve()
        return aborted(signal)
      },
    }
    const first = await serve(work)
    const caller = first.auth.caller({ username: 'alice', consents: ['urn:other'] })
    const answer = first
      .ask(caller, 'POST', '/p/run', { request_id: 'handed over', body: {} })
      .catch(() => undefined)
    await began.promise
    await first.close()
    await answer
    const { auth, database } = first
    const second = await serve(work, { auth, database })
    const { json } = await second.ask(caller, 'GET', '/p/actions?status=active,succeeded')
    expect(await untilSettled(second, caller, json[0].action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { token: expect.stringContaining('fake-dependent-token') },
    })
  })
})

import { expect, test } from 'vitest'
import { type RunContext, TemporaryFailure } from '../src/index.ts'
import { clock } from '../src/testing/index.ts'
import { aborted, codeOf, describeWork, run, type ServedWork, start, type TestWork } from './serve-work.ts'

type Context = RunContext<unknown>

/** As an author has it: the maintenance of the worker comes much later than a test ends. */
const timing = { tick: 60_000, poll: 60_000, keep: 60_000, sweep: 60_000, gather: 10 }

describeWork('a clock that tests move', (server) => {
  const serve = async (work: TestWork) => {
    const time = clock()
    return { time, served: await server.serve(work, { clock: time, timing }) }
  }
  const statusOf = async (served: ServedWork, { caller, action_id }: Awaited<ReturnType<typeof run>>) =>
    (await served.ask(caller, 'GET', `/p/${action_id}/status`)).json

  test('takes work through all its sleeps and tries, each at its time', async () => {
    let tries = 0
    const woke: number[] = []
    const { time, served } = await serve({
      retry: { backoff: 'PT12H', maximumBackoff: { days: 1 } },
      run: async ({ step, sleep, attempt }: Context) => {
        for (let day = 0; day < 10; day++) {
          await sleep('a day', { days: 1 })
          await step('count', () => void woke.push(Math.floor((time() - began) / 3_600_000 / 24)))
          await sleep('in memory', { seconds: 2 })
        }
        await step(
          'flaky',
          () => {
            if (++tries < 3) throw new Error('not yet')
          },
          { retry: { backoff: { hours: 1 } } },
        )
        if (attempt === 1) throw new TemporaryFailure('again')
        return { tries }
      },
    })
    const began = time()
    const action = await run(served)
    await time.forward({ days: 7.5 })
    expect(woke).toHaveLength(7)
    expect((await statusOf(served, action)).status).toBe('ACTIVE')
    await time.forward({ days: 22 })
    expect(await statusOf(served, action)).toMatchObject({ status: 'SUCCEEDED', details: { tries: 3 } })
    expect(woke).toEqual(Array.from({ length: 10 }, (_, day) => day + 1))
  })

  test('ends work at its deadline, also work that is busy', async () => {
    const { time, served } = await serve({
      run: async ({ input, sleep, signal }: RunContext<{ busy?: boolean }>) => {
        if (input.busy) await aborted(signal)
        await sleep('long', { days: 300 })
      },
    })
    const { caller } = await run(served)
    const both = [await start(served, caller), await start(served, caller, { body: { busy: true } })]
    await time.forward({ days: 31 })
    for (const { action_id } of both) {
      const { json } = await served.ask(caller, 'GET', `/p/${action_id}/status`)
      expect(codeOf(json)).toBe('DeadlineExceeded')
    }
  })

  test('has work in other systems polled', async () => {
    let polls = 0
    const { time, served } = await serve({
      start: () => 'job',
      poll: () => (++polls < 5 ? {} : { done: { polls } }),
      pollInterval: { hours: 1 },
    })
    const action = await run(served)
    await time.forward({ hours: 6 })
    expect(await statusOf(served, action)).toMatchObject({ status: 'SUCCEEDED', details: { polls: 5 } })
  })
})

import { expect, test } from 'vitest'
import { ActionFailed, type RunContext, TemporaryFailure } from '../src/index.ts'
import { codeOf, describeWork, run } from './serve-work.ts'
import { untilSettled } from './served.ts'

type Context = RunContext<unknown>

describeWork('steps', (server) => {
  test('a finished step is not done again when the work is, and gives what it gave', async () => {
    const done: string[] = []
    const given: unknown[] = []
    const served = await server.serve({
      retry: { backoff: 0 },
      run: async ({ step, attempt }: Context) => {
        given.push(
          await step('date', () => {
            done.push('date')
            return new Date(0)
          }),
        )
        given.push(await step('nothing', () => void done.push('nothing')))
        for (let turn = 0; turn < 2; turn++) {
          given.push(
            await step('poll', () => {
              done.push(`poll ${turn}`)
              return { turn }
            }),
          )
        }
        if (attempt === 1) throw new TemporaryFailure('again')
        return { attempt, given }
      },
    })
    const { caller, action_id } = await run(served)
    const round = [new Date(0).toISOString(), undefined, { turn: 0 }, { turn: 1 }]
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { attempt: 2, given: JSON.parse(JSON.stringify([...round, ...round])) },
    })
    expect(given).toEqual([...round, ...round])
    expect(done).toEqual(['date', 'nothing', 'poll 0', 'poll 1'])
  })

  test('steps side by side are each done once; one that was not finished is done again', async () => {
    const done: string[] = []
    const served = await server.serve({
      retry: { backoff: 0 },
      run: async ({ step, attempt }: Context) => {
        const all = Array.from({ length: 20 }, (_, index) =>
          step(`part ${index}`, async () => {
            done.push(`part ${index}`)
            return index
          }),
        )
        const last = step('last', () => {
          done.push('last')
          if (attempt === 1) throw new TemporaryFailure('not yet')
          return 'last'
        })
        await Promise.allSettled(all)
        return { sum: (await Promise.all(all)).reduce((sum, each) => sum + each, 0), last: await last }
      },
    })
    const { caller, action_id } = await run(served)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { sum: 190, last: 'last' },
    })
    expect(done.filter((each) => each === 'last')).toHaveLength(2)
    expect(done).toHaveLength(22)
  })

  test('a step is tried again by its own policy, and the work does not run again for it', async () => {
    let tries = 0
    const served = await server.serve({
      run: async ({ step, attempt }: Context) => {
        const result = await step(
          'flaky',
          () => {
            if (++tries < 3) throw new Error('not yet')
            return tries
          },
          { retry: { backoff: 1 } },
        )
        return { result, attempt }
      },
    })
    const { caller, action_id } = await run(served)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { result: 3, attempt: 1 },
    })
  })

  test('a step that throws fails the work as an error in run does, also at the limit of its own policy', async () => {
    const served = await server.serve({
      run: ({ step }: Context) =>
        step(
          'fails',
          () => {
            throw new ActionFailed({ code: 'Quota', description: 'None left' })
          },
          { retry: {} },
        ),
    })
    const { caller, action_id } = await run(served)
    expect(codeOf(await untilSettled(served, caller, action_id))).toBe('Quota')

    let tries = 0
    const other = await server.serve({
      run: ({ step }: Context) =>
        step(
          'fails',
          () => {
            tries++
            throw new Error('never')
          },
          { retry: { limit: 3, backoff: 1 } },
        ),
    })
    const second = await run(other)
    expect(codeOf(await untilSettled(other, second.caller, second.action_id))).toBe('ActionProviderError')
    expect(tries).toBe(3)
  })

  test('a step that takes too long is told to stop, and fails for a passing reason', async () => {
    const reasons: unknown[] = []
    const served = await server.serve({
      retry: { limit: 1 },
      run: ({ step }: Context) =>
        step(
          'slow',
          ({ signal }) => {
            signal.addEventListener('abort', () => reasons.push(signal.reason))
            return new Promise(() => {})
          },
          { timeout: { milliseconds: 10 } },
        ),
    })
    const { caller, action_id } = await run(served)
    const { details } = await untilSettled(served, caller, action_id)
    expect(details).toMatchObject({ code: 'TemporaryFailure' })
    expect(JSON.stringify(details)).toContain("The step 'slow' took longer than PT0.01S")
    expect(reasons).toEqual([expect.any(TemporaryFailure)])
  })

  test('limits of retries count from the last step that has ended', async () => {
    const served = await server.serve({
      retry: { limit: 2, backoff: 0 },
      run: async ({ step, attempt }: Context) => {
        for (let turn = 1; turn <= 4; turn++) {
          await step(`turn ${turn}`, () => turn)
          if (attempt === turn) throw new TemporaryFailure('once in each turn')
        }
        return { attempt }
      },
    })
    const { caller, action_id } = await run(served)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({ details: { attempt: 5 } })
  })

  test('results that cannot be kept, and bad names, are errors that the work can catch', async () => {
    const served = await server.serve({
      run: async ({ step, sleep }: Context) => {
        const of = (work: Promise<unknown>): Promise<string> =>
          work.then(
            () => 'none',
            (error: Error) => `${error.name}: ${error.message}`,
          )
        return {
          errors: [
            await of(step('long', () => 'x'.repeat(1024 * 1024))),
            await of(step('big', () => ({ big: 1n }))),
            await of(step('poll#2', () => 1)),
            await of(step('', () => 1)),
            await of(sleep('bad', { fortnights: 1 } as never)),
            await of(sleep('worse', new Date(Number.NaN))),
          ],
        }
      },
    })
    const { caller, action_id } = await run(served)
    const { details } = await untilSettled(served, caller, action_id)
    expect(details).toEqual({
      errors: [
        expect.stringContaining("RangeError: The result of the step 'long' is 1048578 characters"),
        expect.stringContaining("TypeError: The result of the step 'big' cannot be kept"),
        expect.stringContaining('TypeError: Not the name of a step'),
        expect.stringContaining('TypeError: Not the name of a step'),
        expect.stringContaining('RangeError: Not a duration'),
        expect.stringContaining('RangeError: The date to sleep until is not valid'),
      ],
    })
  })

  test('a name that stands for something else than before fails the work, and says so', async () => {
    const lines: string[] = []
    const served = await server.serve(
      {
        retry: { backoff: 0 },
        run: async ({ step, sleep, attempt }: Context) => {
          if (attempt === 2) await sleep('it', 1)
          await step('it', () => 1)
          throw new TemporaryFailure('again')
        },
      },
      {
        application: { logger: { level: 'error', stream: { write: (line: string) => lines.push(line) } } },
      },
    )
    const { caller, action_id } = await run(served)
    expect(codeOf(await untilSettled(served, caller, action_id))).toBe('ActionProviderError')
    expect(lines.join('')).toContain("The step 'it' is a sleep now, and was a step when this work ran before")
  })

  test('each step is in the log with its duration', async () => {
    const served = await server.serve({
      run: async ({ step, sleep }: Context) => {
        await step('one', () => 1)
        await sleep('short', 1)
        await step('two', () => 2)
      },
    })
    const { caller, action_id } = await run(served)
    await untilSettled(served, caller, action_id)
    const { json } = await served.ask(caller, 'GET', `/p/${action_id}/log`)
    expect(json.entries).toMatchObject([
      { code: 'Step', details: { step: 'one', duration: expect.stringMatching(/^PT/) } },
      { code: 'Sleep', details: { step: 'short' } },
      { code: 'Step', details: { step: 'two' } },
    ])
  })

  test('what a step gave is sealed, and erased with the last of the action', async () => {
    const kept = Promise.withResolvers<void>()
    const over = Promise.withResolvers<void>()
    const served = await server.serve({
      run: async ({ step }: Context) => {
        await step('secret', () => 'not-for-the-database')
        kept.resolve()
        await over.promise
      },
    })
    const { caller, action_id } = await run(served)
    await kept.promise
    const work = await served.store.getWork('work', action_id)
    const [step] = work?.steps ?? []
    expect(step?.name).toBe('secret')
    expect(Buffer.from(step?.sealed ?? []).toString('latin1')).not.toContain('not-for-the-database')
    over.resolve()
    await untilSettled(served, caller, action_id)
    expect((await served.store.getWork('work', action_id))?.steps ?? []).toEqual([])
  })

  test('after a restart the work goes on after its last finished step', async () => {
    const done: string[] = []
    const begun = Promise.withResolvers<void>()
    const work = (goesOn: boolean) => ({
      run: async ({ step, attempt }: Context) => {
        await step('first', () => void done.push('first'))
        await step('second', async ({ signal }) => {
          done.push(`second of ${attempt}`)
          if (goesOn) return
          begun.resolve()
          await new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason)),
          )
        })
        return { attempt }
      },
    })
    const first = await server.serve(work(false))
    const { action_id } = await run(first)
    await begun.promise
    await first.close()
    const second = await server.serve(work(true), { database: first.database })
    const caller = second.auth.caller({ username: 'alice' })
    expect(await untilSettled(second, caller, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { attempt: 2 },
    })
    expect(done).toEqual(['first', 'second of 1', 'second of 2'])
  })

  test('the key of a step is the same whenever it is tried, and no other has it', async () => {
    const keys: string[] = []
    const served = await server.serve({
      retry: { backoff: 0 },
      run: async ({ step, attempt }: Context) => {
        for (let turn = 0; turn < 2; turn++) {
          await step('call', ({ idempotencyKey }) => {
            keys.push(idempotencyKey)
            if (attempt === 1) throw new TemporaryFailure('again')
          })
        }
      },
    })
    const { caller, action_id } = await run(served)
    await untilSettled(served, caller, action_id)
    expect(keys).toEqual([`${action_id}/call`, `${action_id}/call`, `${action_id}/call#2`])
  })
})

import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type RunContext, ServiceUnavailable, TemporaryFailure } from '../src/index.ts'
import { codeOf, createClock, describeWork, start, untilStatus } from './serve-work.ts'
import { untilSettled } from './served.ts'

const HOUR = 3_600_000

describeWork('what is tried again', ({ serve }) => {
  test('counts failures of the work, and no restart or resume', async () => {
    const attempts: number[] = []
    const work = {
      retry: { limit: 2, backoff: 10 },
      run: async ({ attempt, signal, pause }: RunContext<unknown>) => {
        attempts.push(attempt)
        if (attempt <= 2) {
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        }
        if (attempt === 3) pause({ code: 'NeedsApproval', description: 'Approve' })
        if (attempt === 4) throw new TemporaryFailure('Not yet')
        return { attempt }
      },
    }
    const first = await serve(work)
    const { auth, database } = first
    const alice = auth.caller({ username: 'alice' })
    const { action_id } = await start(first, alice)
    await eventually(() => attempts.length === 1)
    await first.close()
    const second = await serve(work, { auth, database })
    await eventually(() => attempts.length === 2)
    await second.close()
    const third = await serve(work, { auth, database })
    await untilStatus(third, alice, action_id, ({ status }) => status === 'INACTIVE')
    await third.ask(alice, 'POST', `/p/${action_id}/resume`)
    expect(await untilSettled(third, alice, action_id)).toMatchObject({
      status: 'SUCCEEDED',
      details: { attempt: 5 },
    })
  })

  test('is told to who may see the action, with the reason that the work gave', async () => {
    const served = await serve({
      retry: { limit: 2, backoff: 10 },
      run: async () => {
        throw new TemporaryFailure('The image server is busy')
      },
    })
    const alice = served.auth.caller({ username: 'alice' })
    const { action_id } = await start(served, alice)
    expect(await untilSettled(served, alice, action_id)).toMatchObject({
      status: 'FAILED',
      details: {
        code: 'TemporaryFailure',
        description: expect.stringContaining('The image server is busy'),
      },
    })
    const { json } = await served.ask(alice, 'GET', `/p/${action_id}/log`)
    expect(json.entries).toMatchObject([
      { code: 'Retrying', description: expect.stringContaining('The image server is busy') },
    ])
  })

  test('goes on until the deadline while what the work needs is away', async () => {
    let runs = 0
    const clock = createClock()
    const served = await serve(
      {
        retry: { limit: 2, maximumBackoff: 10 },
        run: async () => {
          runs++
          throw new ServiceUnavailable('Globus Auth cannot be reached')
        },
      },
      { clock },
    )
    const alice = served.auth.caller({ username: 'alice' })
    const deadline = new Date(Date.now() + HOUR).toISOString()
    const { action_id } = await start(served, alice, { deadline })
    await eventually(() => runs > 6)
    const { json } = await served.ask(alice, 'GET', `/p/${action_id}/status`)
    expect(json.status).toBe('ACTIVE')
    clock.forward(HOUR)
    expect(codeOf(await untilSettled(served, alice, action_id))).toBe('DeadlineExceeded')
  })
})

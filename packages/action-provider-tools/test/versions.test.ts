import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type RunContext, TemporaryFailure } from '../src/index.ts'
import { codeOf, createClock, describeWork, run, type ServedWork } from './serve-work.ts'
import { untilSettled } from './served.ts'

const DAY = 24 * 3_600_000

describeWork('versions', (server) => {
  /** Work that sleeps between two steps, under some version, and gives what its steps gave. */
  const sleeper = (name: string, versions: object) => ({
    ...versions,
    run: async ({ step, sleep }: RunContext<unknown>) => {
      const first = await step('first', () => name)
      await sleep('a day', { days: 1 })
      return { first, last: await step('last', () => name) }
    },
  })
  /** Starts an action under one version, which is asleep when its instance has stopped, and due when this resolves. */
  const begin = async (versions: object) => {
    const clock = createClock()
    const former = await server.serve(sleeper('former', versions), { clock })
    const { action_id } = await run(former)
    await eventually(async () => {
      const action = await former.store.get('work', action_id)
      return action?.report !== 0 && action?.runs_on === undefined
    })
    await former.close()
    clock.forward(1.1 * DAY)
    return { action_id, clock, database: former.database }
  }
  const end = async (served: ServedWork, action_id: string) =>
    untilSettled(served, served.auth.caller({ username: 'alice' }), action_id)

  const wentOn = { status: 'SUCCEEDED', details: { first: 'former', last: 'latter' } }

  test.each([
    ['the same', { version: '1' }, { version: '1' }],
    [
      'one that it says is compatible',
      { version: '1' },
      { version: '2', versions: { compatible: ['0', '1'] } },
    ],
    ['none', {}, { version: '2' }],
    ['any, where it has none itself', { version: '1' }, {}],
  ])('unfinished work goes on that was begun under %s', async (_which, before, after) => {
    const { action_id, ...shared } = await begin(before)
    const latter = await server.serve(sleeper('latter', after), shared)
    expect(await end(latter, action_id)).toMatchObject(wentOn)
  })

  test('unfinished work of another version is FAILED when it is due, and does not run', async () => {
    const { action_id, ...shared } = await begin({ version: '1' })
    const latter = await server.serve(
      sleeper('latter', { version: '2', versions: { compatible: ['0'] } }),
      shared,
    )
    const status = await end(latter, action_id)
    expect(status.status).toBe('FAILED')
    expect(codeOf(status)).toBe('VersionChanged')
  })

  test("or it waits for an instance of its version, where other versions' work goes on", async () => {
    const { action_id, clock, database } = await begin({ version: '1' })
    const waiting = { version: '2', onOtherVersion: 'wait' } as const
    const latter = await server.serve(
      { ...sleeper('latter', waiting), run: () => 'done' },
      { clock, database },
    )
    const caller = latter.auth.caller({ username: 'alice' })
    const next = await run(latter)
    expect(await untilSettled(latter, caller, next.action_id)).toMatchObject({ status: 'SUCCEEDED' })
    await eventually(async () => (await latter.store.count('work')).waiting === 0)
    const left = await latter.store.get('work', action_id)
    expect(left).toMatchObject({ status: 'ACTIVE', attempt: 0 })
    await latter.close()
    clock.forward(60_000)
    const again = await server.serve(sleeper('latter', { version: '1' }), { clock, database })
    expect(await end(again, action_id)).toMatchObject(wentOn)
  })

  test('work that waits for its version can be canceled', async () => {
    const { action_id, ...shared } = await begin({ version: '1' })
    const latter = await server.serve(sleeper('latter', { version: '2', onOtherVersion: 'wait' }), shared)
    await eventually(async () => (await latter.store.count('work')).waiting === 0)
    const caller = latter.auth.caller({ username: 'alice' })
    await latter.ask(caller, 'POST', `/p/${action_id}/cancel`)
    expect(codeOf(await end(latter, action_id))).toBe('Canceled')
    expect(await latter.store.get('work', action_id)).toMatchObject({ attempt: 0 })
  })

  test('work that ran inline and goes on has its version too', async () => {
    const description = { title: 'work', admin_contact: 'support@example.org', synchronous: true }
    const served = await server.serve({
      description,
      version: '7',
      retry: { backoff: 'PT0.001S', maximumBackoff: { milliseconds: 2 } },
      run: ({ attempt }: RunContext<unknown>) => {
        if (attempt === 1) throw new TemporaryFailure('again', { retryAfter: { milliseconds: 1 } })
        return 'done'
      },
    })
    const { caller, action_id } = await run(served)
    expect(await untilSettled(served, caller, action_id)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await served.store.get('work', action_id)).toMatchObject({ work_version: '7', attempt: 2 })
  })
})

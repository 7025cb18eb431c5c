import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { ActionProviderError, ServiceUnavailable } from '../errors.ts'
import { type CheckLane, createCheckLane, type LaneOptions } from './check-lane.ts'

const program = new URL('../../test/check-program.ts', import.meta.url)
const lanes: CheckLane[] = []
afterEach(async () => {
  for (const lane of lanes.splice(0)) await lane.close()
})

function createLane(options: Partial<LaneOptions> = {}): CheckLane {
  const lane = createCheckLane({ program, limit: 100, perOwner: 10, inAll: 20, ...options })
  lanes.push(lane)
  return lane
}

const ask = (lane: CheckLane, body: string, caller = 'alice'): Promise<string[] | undefined> =>
  lane.ask(caller, { schema: '{}', body, showInput: false })

describe('a thread', () => {
  test('answers one after the other', async () => {
    const lane = createLane()
    expect(await Promise.all(['a', 'give up', 'b'].map((body) => ask(lane, body)))).toEqual([
      ['a'],
      undefined,
      ['b'],
    ])
  })

  test('that hangs is ended and replaced', async () => {
    const lane = createLane({ limit: 1, patience: 1 })
    const outcomes = await Promise.allSettled([ask(lane, 'hang'), ask(lane, 'hang')])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    for (const outcome of outcomes) {
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(ServiceUnavailable)
    }
    const patient = createLane()
    expect(await ask(patient, 'a')).toEqual(['a'])
  })

  test('that fails is replaced: the next check is done', async () => {
    const lane = createLane()
    const [failed, next] = await Promise.allSettled([ask(lane, 'throw'), ask(lane, 'a')])
    expect((failed as PromiseRejectedResult).reason).toBeInstanceOf(ActionProviderError)
    expect(next).toMatchObject({ value: ['a'] })
  })

  test('keeps no process alive', async () => {
    const lane = new URL('./check-lane.ts', import.meta.url)
    const script = `
      const { createCheckLane } = await import('${lane}')
      const lane = createCheckLane({ program: new URL('${program}'), limit: 100, perOwner: 1, inAll: 1 })
      const alive = setInterval(() => {}, 1_000)
      console.log(await lane.ask('alice', { schema: '{}', body: 'a', showInput: false }))
      clearInterval(alive)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    expect(stdout).toContain("[ 'a' ]")
  })
})

describe('what waits', () => {
  test('takes turns by caller', async () => {
    const lane = createLane()
    const order: string[] = []
    const asked = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1'].map(async (body) => {
      await ask(lane, body, body.slice(0, 1))
      order.push(body)
    })
    await Promise.all(asked)
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
  })

  test('is bounded, of one caller and in all', async () => {
    const lane = createLane({ perOwner: 2, inAll: 3 })
    const outcomes = await Promise.allSettled(
      ['a', 'a', 'a', 'a', 'b', 'c'].map((caller) => ask(lane, 'x', caller)),
    )
    // The first one is with the thread and waits no more.
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
    ])
    expect((outcomes[5] as PromiseRejectedResult).reason).toBeInstanceOf(ServiceUnavailable)
    expect(await ask(lane, 'x')).toEqual(['x'])
  })

  test('is told when the lane is closed, and nothing is asked after that', async () => {
    const lane = createLane()
    const asked = Promise.allSettled(['hang', 'b'].map((body) => ask(lane, body)))
    await lane.close()
    for (const outcome of await asked) {
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(ServiceUnavailable)
    }
    await expect(ask(lane, 'c')).rejects.toBeInstanceOf(ServiceUnavailable)
  })
})

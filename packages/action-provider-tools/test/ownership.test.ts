import { describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { RunContext, WorkInterrupted } from '../src/index.ts'
import { openPostgresStore } from '../src/store/postgres/store.ts'
import {
  codesOf,
  createDatabase,
  description,
  holders,
  leaseSeconds,
  opened,
  postgres,
  proxy,
  run,
  serve,
  serveFront,
  untilComplete,
} from './instances.ts'
import { aborted } from './serve-work.ts'
import type { Served } from './served.ts'

/** Who owns work. */

describe('an instance that is cut off', () => {
  test('after it took a job does not begin it once another has it', async () => {
    const url = await createDatabase()
    const runs: string[] = []
    const work = (name: string, finish: Promise<void>) => ({
      run: async ({ attempt }: RunContext<unknown>) => {
        runs.push(`${name} ${attempt}`)
        await finish
      },
    })
    const go = Promise.withResolvers<void>()
    const first = await serve(proxy.through(url), work('first', go.promise))
    const cutOff = proxy.silenceBefore('find-held')
    const started = await run(await serveFront(url, first.auth))
    await cutOff
    const second = await serve(url, work('second', go.promise), { auth: first.auth })
    await eventually(() => runs.length > 0)
    proxy.silence(false)
    // It has heard of the database again, and would have begun by now.
    await eventually(
      async () => (await first.ask(started.caller, 'GET', `/p/${started.action_id}/status`)).status === 200,
    )
    await eventually(async () => (await holders(url))[0]?.lease === 2)
    go.resolve()
    expect(await untilComplete(second, started)).toMatchObject({ status: 'SUCCEEDED' })
    expect(runs).toEqual(['second 1'])
  })

  test('stops its work before another begins', async () => {
    const url = await createDatabase()
    const events: string[] = []
    const work = (name: string) => ({
      run: async ({ signal, attempt }: RunContext<unknown>) => {
        events.push(`${name} begins`)
        if (attempt > 1) return
        await aborted(signal).catch(({ reason }: WorkInterrupted) => events.push(`${name} ${reason}`))
        signal.throwIfAborted()
      },
    })
    // Longer than a busy machine stands still, so that the first loses it by being cut off alone.
    const lease = 6
    const first = await serve(proxy.through(url), work('first'), { lease })
    const started = await run(first)
    await eventually(() => events.length === 1)
    const second = await serve(url, work('second'), { auth: first.auth, lease })
    proxy.silence(true)
    expect(await untilComplete(second, started)).toMatchObject({ status: 'SUCCEEDED' })
    expect(events).toEqual(['first begins', 'first lost', 'second begins'])
  })

  test('keeps its work although one request to keep it is never answered', async () => {
    const url = await createDatabase()
    const go = Promise.withResolvers<void>()
    const interrupted: unknown[] = []
    const work = {
      run: async ({ signal }: RunContext<unknown>) => {
        signal.addEventListener('abort', () => interrupted.push(signal.reason))
        await go.promise
      },
    }
    const served = await serve(proxy.through(url), work)
    const unanswered = proxy.holdAnswer('keep-jobs')
    const started = await run(served)
    const pass = await unanswered
    const held = async (): Promise<number> => (await holders(url))[0]?.lease_until ?? 0
    const end = await held()
    await eventually(async () => (await held()) > end + leaseSeconds * 1_000)
    expect(interrupted).toEqual([])
    go.resolve()
    expect(await untilComplete(served, started)).toMatchObject({ status: 'SUCCEEDED' })
    pass()
  })

  test('hears within a lease that the database is silent', async () => {
    const url = await createDatabase()
    const store = await openPostgresStore(proxy.through(url))
    opened.push(() => store.close())
    proxy.silence(true)
    const asked = performance.now()
    await expect(store.ping()).rejects.toThrow('try again later')
    expect((performance.now() - asked) / 1_000).toBeLessThan(store.leaseSeconds * 0.8)
  })
})

describe('an acknowledgement that is lost', () => {
  test('makes no entry of the log twice', async () => {
    const url = await createDatabase()
    let spoken = Promise.withResolvers<void>()
    const served = await serve(proxy.through(url), {
      description: { ...description, log_supported: true },
      run: async ({ log }: RunContext<unknown>) => {
        for (const code of ['One', 'Two', 'Three', 'Last']) {
          await spoken.promise
          spoken = Promise.withResolvers<void>()
          log(code, code)
        }
      },
    })
    const started = await run(served)
    await eventually(async () => (await served.store.get('work', started.action_id))?.attempt === 1)
    for (const count of [1, 2, 3, 4]) {
      const lost = proxy.loseAnswer('change')
      spoken.resolve()
      await lost
      if (count < 4) await eventually(async () => (await codesOf(served, started)).length >= count)
    }
    expect(await untilComplete(served, started)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await codesOf(served, started)).toEqual(['One', 'Two', 'Three', 'Last'])
  })

  test('of its own beginning does not fail work that may not run twice', async () => {
    const url = await createDatabase()
    const served = await serve(proxy.through(url), {
      restartable: false,
      run: async ({ attempt }: RunContext<unknown>) => ({ attempt }),
    })
    const lost = proxy.loseAnswer('change')
    const started = await run(await serveFront(url, served.auth))
    await lost
    expect(await untilComplete(served, started)).toMatchObject({
      status: 'SUCCEEDED',
      details: { attempt: 1 },
    })
  })
})

describe('an instance that stops', () => {
  test.each(['find-held', 'change', 'get-work'])(
    'gives back, as if nothing were, what it has taken and not begun (at %s)',
    async (statement) => {
      const url = await createDatabase()
      const runs: number[] = []
      const work = {
        restartable: false,
        run: async ({ attempt }: RunContext<unknown>) => void runs.push(attempt),
      }
      const first = await serve(proxy.through(url), work, { shutdownGrace: 10_000 })
      const answer = proxy.holdAnswer(statement)
      const started = await run(await serveFront(url, first.auth))
      const pass = await answer
      const closing = first.close()
      // It is told to stop before it hears that it may begin.
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
      pass()
      await closing
      expect(runs).toEqual([])
      const second = await serve(url, work, { auth: first.auth })
      expect(await untilComplete(second, started)).toMatchObject({ status: 'SUCCEEDED' })
      expect(runs).toEqual([1])
    },
  )
})

describe('an outage longer than a lease', () => {
  test.each([true, false])('loses no work that ended meanwhile (restartable: %s)', async (restartable) => {
    const url = await createDatabase()
    let runs = 0
    const go = Promise.withResolvers<void>()
    const work = {
      restartable,
      run: () => {
        runs++
        return go.promise
      },
    }
    const first = await serve(proxy.through(url), work)
    const others = await Promise.all([1, 2].map(() => serve(proxy.through(url), work, { auth: first.auth })))
    const begun = await Promise.all(Array.from({ length: 20 }, (_, number) => run(first, `${number}`)))
    await eventually(() => runs === 20)
    await postgres.stop()
    // It ends when the leases do not last any more by any clock, but for work that heard of that before.
    if (restartable) go.resolve()
    const stopped = performance.now()
    await eventually(() => performance.now() - stopped > leaseSeconds * 1_500)
    await postgres.start()
    if (!restartable) {
      await eventually(async () => (await holders(url).catch(() => [])).length === 20)
      go.resolve()
    }
    for (const started of begun) {
      expect(await untilComplete(others[0] as Served, started)).toMatchObject({ status: 'SUCCEEDED' })
    }
    expect(runs).toBe(20)
  })
})

test('work that goes on after its transaction is held from its beginning, and taken over after a crash', async () => {
  const url = await createDatabase()
  const runs: string[] = []
  const work = (name: string) => ({
    description: { ...description, synchronous: true },
    run({ attempt, signal }: RunContext<unknown>) {
      runs.push(`${name} ${attempt}`)
      return attempt > 1 ? Promise.resolve({}) : aborted(signal)
    },
  })
  // It takes no work, and has some all the same.
  const first = await serve(proxy.through(url), work('first'), { works: false })
  const second = await serve(url, work('second'), { auth: first.auth })
  const caller = first.auth.caller({ username: 'alice' })
  const answers = ['a', 'b', 'c'].map((request_id) =>
    first.ask(caller, 'POST', '/p/run', { request_id, body: {} }).catch(() => undefined),
  )
  const jobs = await eventually(async () => {
    const found = await holders(url)
    return found.length === 3 && found
  })
  for (const { holder } of jobs) expect(holder).not.toBeNull()
  // It outlives the lease that it began with.
  const end = Math.max(...jobs.map(({ lease_until }) => lease_until ?? 0))
  await eventually(async () =>
    (await holders(url)).every(({ lease_until }) => (lease_until ?? 0) > end + 2_000),
  )
  expect(runs).toEqual(['first 1', 'first 1', 'first 1'])
  proxy.silence(true)
  await eventually(async () => (await second.store.count('work')).actions.SUCCEEDED === 3)
  expect(runs.slice(3)).toEqual(['second 2', 'second 2', 'second 2'])
  proxy.silence(false)
  await Promise.all(answers)
})

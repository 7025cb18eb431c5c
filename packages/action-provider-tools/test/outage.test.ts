import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Fault } from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type Auth, defineActionProvider } from '../src/index.ts'
import { openDatabase } from '../src/store/sqlite/opening.ts'
import { openSqliteStore, sqliteStore } from '../src/store/sqlite/store.ts'
import type { FakeAuth } from '../src/testing/index.ts'
import { type EmulatedGlobus, emulateGlobus } from './auth/emulated-globus.ts'
import { type Answer, type Served, serveForTest } from './served.ts'

/** What a provider needs fails, or its clock jumps, while it serves. */

const contact = { admin_contact: 'support@example.org' }
const echo = defineActionProvider({
  description: { ...contact, title: 'echo', synchronous: true },
  input: { type: 'object' },
  run: ({ input }) => ({ ...(input as object) }),
})

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve<A extends Auth = FakeAuth>(
  ...given: Parameters<typeof serveForTest<A>>
): Promise<Served<A>> {
  const served = await serveForTest<A>(...given)
  closing.push(served.close)
  return served
}

const run = (served: Served<Auth>, token: string, id: number | string, body: object = {}): Promise<Answer> =>
  served.ask({ token }, 'POST', '/p/run', { request_id: `${id}`, body })

function expectUnavailable(answer: Answer): void {
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
  expect(answer.json).toEqual({ code: 'ServiceUnavailable', description: expect.any(String) })
}

describe('Globus Auth', () => {
  let globus: EmulatedGlobus
  beforeAll(async () => {
    globus = await emulateGlobus()
  })
  afterEach(() => globus.calm())
  afterAll(() => globus.close())

  const faults: [string, Omit<Fault, 'endpoint'>][] = [
    ['slow', { latency: 60_000 }],
    ['throttling', { status: 429, retry_after: 7 }],
    ['erring', { status: 500 }],
    ['cut off in the middle of an answer', { body: 'cut' }],
    ['answering garbage', { body: 'garbage' }],
  ]

  test.each(faults)(
    'is %s: known callers go on until their cache entry ends, others get 503, and all is well at once afterwards',
    async (name, fault) => {
      const served = await serve(echo, { auth: globus.auth({ timeout: name === 'slow' ? 1_500 : 5_000 }) })
      const [known, unknown] = [await globus.token('alice'), await globus.token('bob')]
      const { json } = await run(served, known, 1)

      await globus.emulator.setFault({ endpoint: '*', ...fault })
      expect((await run(served, known, 2)).status).toBe(202)
      expect((await served.ask({ token: known }, 'GET', `/p/${json.action_id}/status`)).json).toEqual(json)
      expect((await served.ask(undefined, 'GET', '/p')).status).toBe(200)
      const refused = await run(served, unknown, 1)
      expectUnavailable(refused)
      if (fault.retry_after) expect(refused.headers.get('retry-after')).toBe(`${fault.retry_after}`)
      expect((await served.ask(undefined, 'GET', '/readyz')).status).toBe(503)
      globus.pass(31_000)
      expectUnavailable(await run(served, known, 3))

      await globus.emulator.clearFaults()
      expect((await run(served, unknown, 1)).status).toBe(202)
      expect((await run(served, known, 2)).status).toBe(200)
      expect((await run(served, known, 3)).status).toBe(202)
    },
  )

  test('is dead: no request waits for it any more, and the first answer ends that', async () => {
    const served = await serve(echo, { auth: globus.auth({ timeout: 1_500 }) })
    const known = await globus.token('alice')
    await run(served, known, 1)
    await globus.emulator.setFault({ endpoint: 'introspect', latency: 60_000 })
    const tokens = await Promise.all(Array.from({ length: 30 }, () => globus.token('bob')))
    const first = await Promise.all(tokens.slice(0, 5).map((token) => run(served, token, 'x')))
    first.forEach(expectUnavailable)
    const asked = await globus.asked(async () => {
      for (const token of tokens.slice(5)) expectUnavailable(await run(served, token, 'x'))
    })
    expect(asked.introspect ?? 0).toBe(0)
    expect((await run(served, known, 2)).status).toBe(202)

    await globus.emulator.clearFaults()
    globus.pass(1_000)
    const answers = await Promise.all(tokens.slice(0, 3).map((token, index) => run(served, token, index)))
    expect(answers.map(({ status }) => status)).toContain(202)
    expect((await run(served, tokens[20] ?? '', 'after')).status).toBe(202)
  })
})

describe('the database', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outage-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const slow = defineActionProvider({
    description: { ...contact, title: 'slow', synchronous: false },
    input: { type: 'object' },
    run: async ({ input }) => ({ ...(input as object) }),
  })

  test.each([
    ['full', 'PRAGMA max_page_count = 60', 'PRAGMA max_page_count = 1000000'],
    ['read-only', 'PRAGMA query_only = 1', 'PRAGMA query_only = 0'],
  ])(
    'is %s: what cannot be written gets 503, what is there is read, and all goes on when it can',
    async (name, begin, end) => {
      const database = openDatabase(join(folder, `${name}.db`))
      const served = await serve([echo, slow], { store: sqliteStore(database) })
      const { token } = served.auth.caller({ username: 'alice' })
      const accepted = new Map<string, string>()
      let refused = 0
      const runMany = async (prefix: string, from: string): Promise<void> => {
        const answers = await Promise.all(
          Array.from({ length: 40 }, async (_, index) => {
            const request_id = `${from} ${index}`
            const body = { text: 'x'.repeat(2_000) }
            return {
              request_id,
              answer: await served.ask({ token }, 'POST', `${prefix}/run`, { request_id, body }),
            }
          }),
        )
        for (const { request_id, answer } of answers) {
          if (answer.status === 503) {
            expectUnavailable(answer)
            refused++
          } else {
            expect([200, 202]).toContain(answer.status)
            accepted.set(`${prefix} ${request_id}`, answer.json.action_id)
          }
        }
      }
      const expectAllThere = async (): Promise<void> => {
        for (const [key, id] of accepted) {
          const [prefix] = key.split(' ')
          const { status } = await served.ask({ token }, 'GET', `${prefix}/${id}/status`)
          expect([key, status]).toEqual([key, 200])
        }
      }
      await runMany('/p', 'before')
      database.exec(begin)
      for (let round = 0; refused === 0; round++) {
        await runMany('/p', `during ${round}`)
        await runMany('/p2', `during ${round}`)
      }
      await expectAllThere()
      expect((await served.ask(undefined, 'GET', '/p')).status).toBe(200)

      database.exec(end)
      const known = accepted.size
      await runMany('/p', 'before')
      expect(accepted.size).toBe(known)
      refused = 0
      await runMany('/p', 'after')
      await runMany('/p2', 'after')
      expect(refused).toBe(0)
      await expectAllThere()
      for (const [key, id] of accepted) {
        const [prefix] = key.split(' ')
        await eventually(
          async () =>
            (await served.ask({ token }, 'GET', `${prefix}/${id}/status`)).json.status === 'SUCCEEDED',
        )
      }
    },
  )

  test('is renamed: nothing more is acknowledged, it is not ready, and all goes on when it is back', async () => {
    const path = join(folder, 'renamed.db')
    const served = await serve(echo, { store: openSqliteStore(path) })
    const { token } = served.auth.caller({ username: 'alice' })
    const { json } = await run(served, token, 1)
    await rename(path, `${path}.away`)
    expectUnavailable(await run(served, token, 2))
    expectUnavailable(await run(served, token, 1))
    expect((await served.ask(undefined, 'GET', '/readyz')).status).toBe(503)
    await rename(`${path}.away`, path)
    expect((await run(served, token, 2)).status).toBe(202)
    expect((await run(served, token, 1)).json).toEqual(json)
  })

  test('is locked by another process: writes get 503, reads are answered, and all goes on afterwards', async () => {
    const path = join(folder, 'locked.db')
    const served = await serve(echo, { store: openSqliteStore(path, { exclusive: false }) })
    const { token } = served.auth.caller({ username: 'alice' })
    const { json } = await run(served, token, 1)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    expectUnavailable(await run(served, token, 2))
    expect((await served.ask({ token }, 'GET', `/p/${json.action_id}/status`)).json).toEqual(json)
    other.exec('ROLLBACK')
    other.close()
    expect((await run(served, token, 2)).status).toBe(202)
    expect((await run(served, token, 1)).json).toEqual(json)
  })
})

describe('the clock', () => {
  const MINUTE = 60_000
  const HOUR = 60 * MINUTE

  /** Waits until it is aborted. */
  const waits = defineActionProvider({
    description: { ...contact, title: 'waits', synchronous: false },
    input: { type: 'object' },
    run: ({ signal }) =>
      new Promise<never>((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      ),
  })

  async function serveWithClock(): Promise<{
    served: Served
    token: string
    jump: (milliseconds: number) => void
    now: () => number
  }> {
    let offset = 0
    const clock = (): number => Date.now() + offset
    const folder = await mkdtemp(join(tmpdir(), 'clock-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const served = await serve([echo, waits], {
      store: openSqliteStore(join(folder, 'actions.db'), { clock }),
      clock,
    })
    const jump = (milliseconds: number): void => {
      offset += milliseconds
    }
    return { served, token: served.auth.caller({ username: 'alice' }).token, jump, now: clock }
  }

  const inTime = (milliseconds: number): string => new Date(milliseconds).toISOString()

  test('jumps back: nothing ends or is released early, and no time runs backwards', async () => {
    const { served, token, jump, now } = await serveWithClock()
    const ask = (id: string, more: object): Promise<Answer> =>
      served.ask({ token }, 'POST', '/p2/run', { request_id: id, body: {}, ...more })
    const done = await served.ask({ token }, 'POST', '/p/run', {
      request_id: 'done',
      body: {},
      release_after: 60,
    })
    const { json } = await ask('a', { deadline: inTime(now() + 10 * MINUTE) })
    jump(-48 * HOUR)
    const status = (id: string, prefix = '/p2'): Promise<Answer> =>
      served.ask({ token }, 'GET', `${prefix}/${id}/status`)
    expect((await status(json.action_id)).json.status).toBe('ACTIVE')
    expect((await status(done.json.action_id, '/p')).json).toEqual(done.json)
    expect((await ask('a', { deadline: inTime(Date.parse(json.start_time) + 10 * MINUTE) })).status).not.toBe(
      202,
    )
    const canceled = await served.ask({ token }, 'POST', `/p2/${json.action_id}/cancel`)
    expect(canceled.status).toBe(200)
    const { json: ended } = await eventually(async () => {
      const answer = await status(json.action_id)
      return answer.json.status === 'FAILED' && answer
    })
    expect(Date.parse(ended.completion_time)).toBeGreaterThanOrEqual(Date.parse(ended.start_time))
    const { json: next } = await served.ask({ token }, 'POST', '/p/run', { request_id: 'next', body: {} })
    expect(Date.parse(next.completion_time)).toBeGreaterThanOrEqual(Date.parse(next.start_time))
    const listed = await served.ask({ token }, 'GET', '/p/actions?status=succeeded')
    expect(listed.json).toHaveLength(2)
  })

  test('jumps forward: what is over ends and is gone, and nothing else', async () => {
    const { served, token, jump, now } = await serveWithClock()
    const ask = (id: string, more: object, prefix: string): Promise<Answer> =>
      served.ask({ token }, 'POST', `${prefix}/run`, { request_id: id, body: {}, ...more })
    const status = (id: string, prefix: string): Promise<Answer> =>
      served.ask({ token }, 'GET', `${prefix}/${id}/status`)
    const soon = await ask('soon', { deadline: inTime(now() + 10 * MINUTE) }, '/p2')
    const late = await ask('late', { deadline: inTime(now() + 20 * HOUR) }, '/p2')
    const brief = await ask('brief', { release_after: 60 }, '/p')
    const long = await ask('long', { release_after: 'P3D' }, '/p')
    jump(HOUR)
    const { json } = await eventually(async () => {
      const answer = await status(soon.json.action_id, '/p2')
      return answer.json.status === 'FAILED' && answer
    })
    expect(json.details.code).toBe('DeadlineExceeded')
    expect((await status(late.json.action_id, '/p2')).json.status).toBe('ACTIVE')
    expect((await status(brief.json.action_id, '/p')).status).toBe(404)
    expect((await status(long.json.action_id, '/p')).json).toEqual(long.json)
    jump(-HOUR)
    expect((await status(soon.json.action_id, '/p2')).json).toEqual(json)
    expect((await status(late.json.action_id, '/p2')).json.status).toBe('ACTIVE')
  })

  test('of the machine jumps: a known caller stays known, and no longer than their time', async () => {
    const globus = await emulateGlobus()
    closing.push(() => globus.close())
    const served = await serve(echo, { auth: globus.auth() })
    const token = await globus.token('alice')
    await run(served, token, 1)
    for (const hours of [24, -48]) {
      globus.turnClock(hours * HOUR)
      const asked = await globus.asked(async () => {
        for (const id of [1, 2]) expect([200, 202]).toContain((await run(served, token, id)).status)
      })
      expect(asked.introspect ?? 0).toBe(0)
    }
    globus.pass(31_000)
    const asked = await globus.asked(() => run(served, token, 3))
    expect(asked.introspect).toBe(1)
  })
})

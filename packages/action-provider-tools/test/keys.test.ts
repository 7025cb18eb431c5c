import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { RunContext } from '../src/index.ts'
import { fakeAuth } from '../src/testing/index.ts'
import { codeOf, describeWork, start, untilStatus } from './serve-work.ts'
import { type Served, untilSettled } from './served.ts'

const [oldKey, newKey] = [randomBytes(32), randomBytes(32)] as const

describeWork(
  'keys that not all instances have yet',
  (server) => {
    const asking = {
      run: async ({ dependentToken }: RunContext<unknown>) => ({ token: await dependentToken('urn:other') }),
    }
    const consenting = (auth: Served['auth']): { token: string } =>
      auth.caller({ username: 'alice', consents: ['urn:other'] })

    /** What an instance logs as an error, until it is closed. */
    function errorLog() {
      const lines: string[] = []
      const write = (line: string): void => void lines.push(line)
      return { lines, application: { logger: { level: 'error', stream: { write } } } }
    }

    test('100 actions outlive a new key that reaches one of two instances first', async () => {
      const ahead = await server.serve(asking, { secretsKeys: [newKey, oldKey] })
      const { auth, database } = ahead
      const log = errorLog()
      const behind = await server.serve(asking, { auth, database, secretsKeys: [oldKey], ...log })
      const alice = consenting(auth)
      const begun = await Promise.all(
        Array.from({ length: 100 }, (_, number) => start(number % 2 ? ahead : behind, alice)),
      )
      const ended = await Promise.all(begun.map(({ action_id }) => untilSettled(ahead, alice, action_id)))
      expect(ended.filter(({ status }) => status !== 'SUCCEEDED')).toEqual([])
    })

    test('an action whose key nobody knows is offered again until somebody does, and each time the log says so', async () => {
      const ahead = await server.serve(asking, { secretsKeys: [newKey], works: false })
      const { auth, database } = ahead
      const { lines, application } = errorLog()
      await server.serve(asking, { auth, database, secretsKeys: [oldKey], application })
      const alice = consenting(auth)
      const { action_id } = await start(ahead, alice)
      await eventually(() => lines.length >= 2)
      expect(lines[0]).toMatch(/SECRETS_KEY/)
      expect(lines[0]).toContain(action_id)
      expect((await ahead.ask(alice, 'GET', `/p/${action_id}/status`)).json.status).toBe('ACTIVE')
      await server.serve(asking, { auth, database, secretsKeys: [oldKey, newKey] })
      expect(await untilSettled(ahead, alice, action_id)).toMatchObject({ status: 'SUCCEEDED' })
    })

    test('work that asks for nothing sealed runs where the key is unknown', async () => {
      const work = { run: async () => ({ ran: true }) }
      const ahead = await server.serve(work, { secretsKeys: [newKey], works: false })
      const { auth, database } = ahead
      await server.serve(work, { auth, database, secretsKeys: [oldKey] })
      const alice = consenting(auth)
      const { action_id } = await start(ahead, alice)
      expect(await untilSettled(ahead, alice, action_id)).toMatchObject({ details: { ran: true } })
    })

    test('work that may not run twice is not begun where the key is unknown', async () => {
      let runs = 0
      const work = {
        restartable: false,
        run: async ({ dependentToken }: RunContext<unknown>) => {
          runs++
          return { token: await dependentToken('urn:other') }
        },
      }
      const ahead = await server.serve(work, { secretsKeys: [newKey], works: false })
      const { auth, database } = ahead
      const { lines, application } = errorLog()
      await server.serve(work, { auth, database, secretsKeys: [oldKey], application })
      const alice = consenting(auth)
      const { action_id } = await start(ahead, alice)
      await eventually(() => lines.length > 0)
      expect(runs).toBe(0)
      await server.serve(work, { auth, database, secretsKeys: [newKey] })
      expect(await untilSettled(ahead, alice, action_id)).toMatchObject({ status: 'SUCCEEDED' })
      expect(runs).toBe(1)
    })

    test('whoever resumes work of another system where it cannot be read is told to come again', async () => {
      const work = {
        start: async () => 'job',
        poll: async ({ handle, pause, resumed_by }: RunContext<unknown> & { handle: unknown }) =>
          resumed_by ? { done: { handle } } : pause({ code: 'NeedsApproval', description: 'Approve' }),
        pollInterval: 20,
      }
      const ahead = await server.serve(work, { secretsKeys: [newKey] })
      const { auth, database } = ahead
      const behind = await server.serve(work, { auth, database, secretsKeys: [oldKey], works: false })
      const alice = consenting(auth)
      const { action_id } = await start(ahead, alice)
      await untilStatus(ahead, alice, action_id, ({ status }) => status === 'INACTIVE')
      expect((await behind.ask(alice, 'POST', `/p/${action_id}/resume`)).status).toBe(503)
      expect((await behind.ask(alice, 'GET', `/p/${action_id}/status`)).json.status).toBe('INACTIVE')
      expect((await ahead.ask(alice, 'POST', `/p/${action_id}/resume`)).status).toBe(200)
      expect(await untilSettled(ahead, alice, action_id)).toMatchObject({ details: { handle: 'job' } })
    })

    test('a key that is set for the first time, and a new client secret, leave running work readable', async () => {
      const before = await server.serve(asking, { works: false })
      const { auth, database } = before
      const alice = consenting(auth)
      const first = await start(before, alice)
      await before.close()
      const keyed = await server.serve(asking, { auth, database, secretsKeys: [newKey] })
      expect((await untilSettled(keyed, alice, first.action_id)).status).toBe('SUCCEEDED')
      await keyed.close()

      const unkeyed = await server.serve(asking, { auth, database, works: false })
      const second = await start(unkeyed, alice)
      await unkeyed.close()
      // The fake Auth derives its key from the secret `fake`; this one has another.
      const rotated = Object.assign(auth, { secretsKey: () => oldKey })
      const after = await server.serve(asking, {
        auth: rotated,
        database,
        secretsKeys: [newKey],
        formerClientSecrets: ['fake'],
      })
      expect((await untilSettled(after, alice, second.action_id)).status).toBe('SUCCEEDED')
    })

    test('canceling work whose key nobody knows ends it', async () => {
      const ahead = await server.serve(asking, { auth: fakeAuth(), secretsKeys: [newKey], works: false })
      const { auth, database } = ahead
      const { lines, application } = errorLog()
      await server.serve(asking, { auth, database, secretsKeys: [oldKey], application })
      const alice = consenting(auth)
      const { action_id } = await start(ahead, alice)
      await eventually(() => lines.length > 0)
      await ahead.ask(alice, 'POST', `/p/${action_id}/cancel`)
      expect(codeOf(await untilSettled(ahead, alice, action_id))).toBe('Canceled')
    })
  },
  'PostgreSQL',
)

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Auth, defineActionProvider } from '../src/index.ts'
import { type EmulatedGlobus, emulateGlobus } from './auth/emulated-globus.ts'
import { type Served, serveForTest } from './served.ts'

/** Nobody learns that an action exists who may not see it, not even while Globus Groups is down. */

const provider = defineActionProvider({
  description: {
    admin_contact: 'support@example.org',
    title: 'waits',
    synchronous: false,
    log_supported: true,
  },
  input: { type: 'object' },
  run: async ({ pause }) => pause({ code: 'Wait', description: 'Until somebody resumes it' }),
})

let globus: EmulatedGlobus
let served: Served<Auth>
beforeAll(async () => {
  globus = await emulateGlobus()
})
afterAll(() => globus.close())
beforeEach(async () => {
  served = await serveForTest(provider, { auth: globus.auth() })
})
afterEach(async () => {
  await served.close()
  await globus.calm()
})

const OPERATIONS = [
  ['GET', 'status'],
  ['GET', 'log'],
  ['POST', 'cancel'],
  ['POST', 'resume'],
  ['POST', 'release'],
] as const

async function run(token: string, request_id: string, lists: object): Promise<string> {
  const { status, json } = await served.ask({ token }, 'POST', '/p/run', { request_id, body: {}, ...lists })
  expect(status).toBe(202)
  return json.action_id
}

test('while Groups is down a stranger cannot tell an existing action from none', async () => {
  const alice = await globus.token('alice')
  const bob = await globus.user('bob')
  const group = 'urn:globus:groups:id:fdb38a24-03c1-11e3-86f7-12313809f035'
  const actions = await Promise.all([
    run(alice, 'of a group', { monitor_by: [group], manage_by: [group] }),
    run(alice, 'of a user', { monitor_by: [bob.urn], manage_by: [bob.urn] }),
    run(alice, 'of nobody else', {}),
  ])
  await globus.emulator.setFault({ endpoint: 'groups', status: 500 })
  for (const [method, operation] of OPERATIONS) {
    const answers: string[] = []
    for (const id of [...actions, crypto.randomUUID(), 'no-id-at-all']) {
      // Each time by somebody who was never seen before.
      const token = await globus.token('carol')
      const { status, text, headers } = await served.ask({ token }, method, `/p/${id}/${operation}`)
      answers.push(JSON.stringify([status, text, headers.get('retry-after') !== null]))
    }
    expect([operation, new Set(answers).size, answers[0]]).toEqual([operation, 1, answers[0]])
    expect(answers[0]).toContain('503')
  }
  // Whoever needs no group goes on.
  expect((await served.ask({ token: alice }, 'GET', `/p/${actions[0]}/status`)).status).toBe(200)
  const token = await globus.token('bob')
  expect((await served.ask({ token }, 'GET', `/p/${actions[1]}/status`)).status).toBe(200)
})

test('once Groups is back it is the same 404 for all of them', async () => {
  const id = await run(await globus.token('alice'), 'hers', {})
  const token = await globus.token('carol')
  const existing = await served.ask({ token }, 'GET', `/p/${id}/status`)
  const none = await served.ask({ token }, 'GET', `/p/${crypto.randomUUID()}/status`)
  expect([existing.status, existing.text]).toEqual([404, none.text])
})

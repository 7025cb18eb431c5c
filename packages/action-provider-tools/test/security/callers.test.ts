import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Served, serveForTest } from '../served.ts'
import { echo, other, run } from './providers.ts'
import { ask } from './raw-requests.ts'

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo, other])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })
const mallory = (): { token: string; urn: string } => served.auth.caller({ username: 'mallory' })

describe('who is asking', () => {
  const OPERATIONS = ['GET status', 'POST cancel', 'POST resume', 'POST release', 'GET log'].map((each) =>
    each.split(' '),
  )

  test('actions of another user are as if they were not', async () => {
    const { json } = await run(served, alice(), 'private', {}, '/p2')
    for (const [method = '', operation] of OPERATIONS) {
      const theirs = await served.ask(mallory(), method, `/p2/${json.action_id}/${operation}`)
      const none = await served.ask(mallory(), method, `/p2/${crypto.randomUUID()}/${operation}`)
      expect([theirs.status, theirs.text]).toEqual([404, none.text])
    }
    const { json: listed } = await served.ask(
      mallory(),
      'GET',
      '/p2/actions?status=active,inactive&roles=creator_id,monitor_by,manage_by',
    )
    expect(listed).toEqual([])
  })

  test('nobody becomes another by saying so', async () => {
    const { urn } = alice()
    const { json, status } = await run(served, mallory(), 'pretend', {
      creator_id: urn,
      action_id: 'mine',
      status: 'FAILED',
      effective_identity: urn,
    })
    expect(status).toBe(202)
    expect(json).toMatchObject({ creator_id: mallory().urn, status: 'SUCCEEDED' })
    expect(json.action_id).not.toBe('mine')
    for (const everybody of ['public', 'all_authenticated_users', '*', `${urn} `, urn.toUpperCase()]) {
      const refused = await run(served, mallory(), `open to ${everybody}`, { manage_by: [everybody] })
      expect([everybody, refused.status]).toEqual([everybody, 422])
    }
  })

  test('an action of one provider is unknown to every operation of another on the same app', async () => {
    const { json } = await run(served, alice(), 'whose', {}, '/p2')
    for (const [method = '', operation] of OPERATIONS) {
      const answer = await served.ask(alice(), method, `/p/${json.action_id}/${operation}`)
      expect([operation, answer.status]).toEqual([operation, 404])
    }
    expect((await served.ask(alice(), 'GET', `/p2/${json.action_id}/status`)).status).toBe(200)
  })

  test('a token that was given for another provider opens nothing', async () => {
    const elsewhere = served.auth.caller({
      username: 'alice',
      scopes: ['https://auth.globus.org/scopes/ffffffff-0000-4000-8000-000000000000/action_all'],
    })
    const { json } = await run(served, alice(), 'guarded')
    const requests: [string, string][] = [
      ['POST', '/p/run'],
      ['GET', '/p/actions'],
      ['GET', `/p/${json.action_id}/status`],
      ['POST', `/p/${json.action_id}/release`],
    ]
    for (const [method, path] of requests) {
      const answer = await served.ask(elsewhere, method, path, method === 'POST' ? '{}' : undefined)
      expect([answer.status, answer.json.code]).toEqual([403, 'ForbiddenRequest'])
      expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    }
  })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic eDp5',
    'Bearer a b',
    'Bearer a, Bearer b',
    `Bearer ${'x'.repeat(8_000)}`,
    'Bearer ../../introspect',
    'Bearer x&token=y',
    'Bearer __proto__',
    'Bearer \u00e9',
  ])('no token is no token: %s', async (authorization) => {
    const answer = await ask(served.app, 'GET', '/p/actions', { authorization })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer /)
  })
})

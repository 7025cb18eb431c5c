import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Served, serveForTest } from '../served.ts'
import { echo, run } from './providers.ts'

/** Each test shows a row of the interface's tables, over HTTP on a listening server. */

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })
const bob = (): { token: string; urn: string } => served.auth.caller({ username: 'bob', groups: ['readers'] })

describe('run', () => {
  for (const path of ['/p/run', '/p/actions', '/p/run/', '/p/actions/']) {
    test(`POST ${path} starts an action with 202 and repeats it with 200`, async () => {
      const request = run(`run at ${path}`, { label: 'a label' })
      const first = await served.ask(alice(), 'POST', path, request)
      expect(first.status).toBe(202)
      expect(first.json).toMatchObject({
        status: 'SUCCEEDED',
        details: { you_said: 'hey' },
        creator_id: alice().urn,
        label: 'a label',
        release_after: 'P30D',
        display_status: 'SUCCEEDED',
      })
      expect(first.json.start_time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
      expect(Date.parse(first.json.completion_time)).toBeGreaterThanOrEqual(Date.parse(first.json.start_time))
      expect(Object.values(first.json)).not.toContain(null)
      expect(first.json).not.toHaveProperty('monitor_by')
      const second = await served.ask(alice(), 'POST', path, request)
      expect(second.status).toBe(200)
      expect(second.json).toEqual(first.json)
    })
  }

  test('the body is JSON whatever its content type says', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/json',
      'application/octet-stream',
    ]) {
      const answer = await served.ask(alice(), 'POST', '/p/run', run(`type ${type}`), {
        'content-type': type,
      })
      expect([type, answer.status]).toEqual([type, 202])
    }
  })

  test('unknown top-level fields are ignored', async () => {
    const answer = await served.ask(alice(), 'POST', '/p/run', run('with tags', { tags: ['a'] }))
    expect(answer.status).toBe(202)
    expect(answer.json).not.toHaveProperty('tags')
  })

  test('a number of seconds as release_after is shown as a duration', async () => {
    const answer = await served.ask(alice(), 'POST', '/p/run', run('release after', { release_after: 3600 }))
    expect(answer.json.release_after).toMatch(/^PT(1H|3600S)$/)
  })

  test('a whole number as request_id is its decimal text, beyond what a double can tell apart too', async () => {
    const sent = (id: string): string => `{"request_id":${id},"body":{"input_string":"hey"}}`
    const first = await served.ask(alice(), 'POST', '/p/run', sent('12345678901234567890'))
    expect(first.status).toBe(202)
    const asText = await served.ask(alice(), 'POST', '/p/run', sent('"12345678901234567890"'))
    expect([asText.status, asText.json.action_id]).toEqual([200, first.json.action_id])
    expect((await served.ask(alice(), 'POST', '/p/run', sent('12345678901234567891'))).status).toBe(202)
    expect((await served.ask(alice(), 'POST', '/p/run', sent('1.5'))).status).toBe(422)
  })

  test('principals are kept and shown once each, a hundred at most', async () => {
    const lists = {
      monitor_by: [bob().urn, bob().urn],
      manage_by: [bob().urn, bob().urn.toUpperCase().replace(/^.*:/, 'urn:globus:auth:identity:')],
    }
    const answer = await served.ask(alice(), 'POST', '/p/run', run('twice', lists))
    expect(answer.json).toMatchObject({ monitor_by: [bob().urn], manage_by: [bob().urn] })
    const once = run('twice', { monitor_by: [bob().urn], manage_by: [bob().urn] })
    expect((await served.ask(alice(), 'POST', '/p/run', once)).status).toBe(200)
    for (const name of ['monitor_by', 'manage_by']) {
      const many = run('many', { [name]: Array(101).fill(bob().urn) })
      const refused = await served.ask(alice(), 'POST', '/p/run', many)
      expect([refused.status, refused.json.description]).toEqual([422, expect.stringContaining(`$.${name}`)])
    }
  })

  test('a request_id belongs to its caller: another one may use it too', async () => {
    const first = await served.ask(alice(), 'POST', '/p/run', run('shared id'))
    const second = await served.ask(bob(), 'POST', '/p/run', run('shared id'))
    expect([first.status, second.status]).toEqual([202, 202])
    expect(first.json.action_id).not.toBe(second.json.action_id)
  })

  test('the same request_id with other content is a conflict, whatever differs', async () => {
    const original = run('conflict', { label: 'one', manage_by: [bob().urn], release_after: 'P1D' })
    expect((await served.ask(alice(), 'POST', '/p/run', original)).status).toBe(202)
    for (const other of [
      { body: { input_string: 'other' } },
      { label: 'two' },
      { manage_by: [alice().urn] },
      { monitor_by: [bob().urn] },
      { release_after: 'P2D' },
      { allowed_clients: ['public'] },
      { deadline: new Date(Date.now() + 60_000).toISOString() },
    ]) {
      const answer = await served.ask(alice(), 'POST', '/p/run', { ...original, ...other })
      expect([other, answer.status, answer.json.code]).toEqual([other, 409, 'ActionConflict'])
    }
  })

  test('monitor_by and manage_by are sets: their order makes no other request', async () => {
    const [a, b] = [alice().urn, bob().urn]
    const first = await served.ask(alice(), 'POST', '/p/run', run('sets', { monitor_by: [a, b] }))
    const second = await served.ask(alice(), 'POST', '/p/run', run('sets', { monitor_by: [b, a] }))
    expect(second.status).toBe(200)
    expect(second.json.action_id).toBe(first.json.action_id)
  })

  test('60 identical requests at once: one 202, 59 times 200, one action', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => served.ask(alice(), 'POST', '/p/run', run('sixty'))),
    )
    const codes = answers.map(({ status }) => status).sort()
    expect(codes).toEqual([...Array(59).fill(200), 202])
    expect(new Set(answers.map(({ json }) => json.action_id)).size).toBe(1)
  })
})

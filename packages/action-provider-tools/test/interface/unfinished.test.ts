import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Served, serveForTest, untilSettled } from '../served.ts'
import { echo, silent, waits } from './providers.ts'

/** Each test shows a row of the interface's tables, over HTTP on a listening server. */

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo, waits, silent])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })
const bob = (): { token: string; urn: string } => served.auth.caller({ username: 'bob', groups: ['readers'] })

describe('resume, log and an unfinished action', () => {
  const paused = async (): Promise<string> => {
    const { json } = await served.ask(alice(), 'POST', '/p2/run', {
      request_id: crypto.randomUUID(),
      body: {},
    })
    expect((await untilSettled(served, alice(), json.action_id, '/p2')).status).toBe('INACTIVE')
    return json.action_id
  }

  test('an asynchronous action is ACTIVE when run answers at once', async () => {
    const request = { request_id: 'active', body: {} }
    const prefer = 'respond-async'
    const { status, json } = await served.ask(alice(), 'POST', '/p2/run', request, { prefer })
    expect([status, json.status]).toEqual([202, 'ACTIVE'])
    expect(json).not.toHaveProperty('completion_time')
  })

  test('resume lets an INACTIVE action go on, on each route; a second resume is a conflict', async () => {
    for (const path of ['/p2/ID/resume', '/p2/actions/ID/resume']) {
      const id = await paused()
      const url = path.replace('ID', id)
      const before = await served.ask(alice(), 'GET', `/p2/${id}/status`)
      expect(before.json.details).toEqual({ code: 'NeedsApproval', description: 'Somebody must approve it' })
      expect((await served.ask(bob(), 'POST', url)).json.code).toBe('ActionNotFound')
      const answer = await served.ask(alice(), 'POST', url)
      expect([answer.status, answer.json.status]).toEqual([200, 'ACTIVE'])
      const again = await served.ask(alice(), 'POST', url)
      expect([again.status, again.json.code]).toEqual([409, 'ActionConflict'])
    }
  })

  test('release of an unfinished action is a conflict', async () => {
    const id = await paused()
    const answer = await served.ask(alice(), 'POST', `/p2/${id}/release`)
    expect([answer.status, answer.json.code]).toEqual([409, 'ActionConflict'])
  })

  test('cancel ends an unfinished action in FAILED with code Canceled and says who did it', async () => {
    const id = await paused()
    const { json } = await served.ask(alice(), 'POST', `/p2/actions/${id}/cancel`)
    expect(json).toMatchObject({ status: 'FAILED', details: { code: 'Canceled' } })
    expect(json.display_status).toMatch(/^Canceled by alice/)
    expect(json.completion_time).toBeDefined()
  })

  test('log answers on each route with a page of entries', async () => {
    const id = await paused()
    for (const path of [`/p2/${id}/log`, `/p2/actions/${id}/log`, `/p2/${id}/log/`]) {
      const { status, json } = await served.ask(alice(), 'GET', path)
      expect(status).toBe(200)
      expect(json).toMatchObject({
        limit: 10,
        has_next_page: false,
        entries: [{ code: 'Began', description: 'Run 1', details: { attempt: 1 } }],
      })
    }
    expect((await served.ask(bob(), 'GET', `/p2/${id}/log`)).json.code).toBe('ActionNotFound')
    const wrong = await served.ask(alice(), 'GET', `/p2/${id}/log?limit=0&since=yesterday`)
    expect([wrong.status, wrong.json.code]).toEqual([422, 'RequestValidationError'])
    expect(wrong.json.description).toContain("'limit'")
    expect(wrong.json.description).toContain("'since'")
  })

  test('log: per_page says how long a page is, where a client sends limit with every request', async () => {
    const id = await paused()
    for (const [query, limit] of [
      ['per_page=5', 5],
      ['limit=10&per_page=5', 5],
      ['per_page=20&limit=10', 20],
      ['limit=7&per_page=', 7],
    ]) {
      expect((await served.ask(alice(), 'GET', `/p2/${id}/log?${query}`)).json.limit).toBe(limit)
    }
    const wrong = await served.ask(alice(), 'GET', `/p2/${id}/log?limit=10&per_page=0`)
    expect([wrong.status, wrong.json.description]).toEqual([422, expect.stringContaining("'per_page'")])
  })

  test('log is answered with 404 where it is not supported', async () => {
    const { json } = await served.ask(alice(), 'POST', '/p3/run', { request_id: 'silent', body: {} })
    const answer = await served.ask(alice(), 'GET', `/p3/${json.action_id}/log`)
    expect([answer.status, answer.json.code]).toEqual([404, 'NotFound'])
    expect((await served.ask(undefined, 'GET', '/p3')).json.log_supported).toBe(false)
  })
})

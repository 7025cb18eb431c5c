import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { identityURN } from '../../src/index.ts'
import { fakeGroup } from '../../src/testing/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { echo, run, waits } from './providers.ts'

/** Each test shows a row of the interface's tables, over HTTP on a listening server. */

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo, waits])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })
const bob = (): { token: string; urn: string } => served.auth.caller({ username: 'bob', groups: ['readers'] })

describe('operations on an action', () => {
  const started = async (caller: { token: string }, more: object = {}): Promise<string> => {
    const answer = await served.ask(caller, 'POST', '/p/run', run(crypto.randomUUID(), more))
    expect(answer.status).toBe(202)
    return answer.json.action_id
  }
  const group = fakeGroup('readers')
  const routes = (id: string): Record<string, [string, string][]> => ({
    status: [
      ['GET', `/p/${id}/status`],
      ['GET', `/p/actions/${id}`],
    ],
    cancel: [
      ['POST', `/p/${id}/cancel`],
      ['POST', `/p/actions/${id}/cancel`],
    ],
    release: [
      ['POST', `/p/${id}/release`],
      ['DELETE', `/p/actions/${id}`],
    ],
  })

  test('status and cancel answer with the status document, on each route and with a trailing slash', async () => {
    const id = await started(alice())
    for (const [method, path] of [...(routes(id).status ?? []), ...(routes(id).cancel ?? [])]) {
      for (const url of [path, `${path}/`]) {
        const answer = await served.ask(alice(), method, url)
        expect([url, answer.status]).toEqual([url, 200])
        expect(answer.json).toMatchObject({
          action_id: id,
          status: 'SUCCEEDED',
          details: { you_said: 'hey' },
        })
      }
    }
  })

  test('release answers with the last status, then the action is gone and its request_id free', async () => {
    for (const at of [0, 1]) {
      const request = run(`released ${at}`)
      const { json } = await served.ask(alice(), 'POST', '/p/run', request)
      const [method, path] = routes(json.action_id).release?.[at] ?? ['', '']
      const released = await served.ask(alice(), method, path)
      expect([released.status, released.json]).toEqual([200, json])
      for (const [m, p] of Object.values(routes(json.action_id)).flat()) {
        expect([m, p, (await served.ask(alice(), m, p)).json.code]).toEqual([m, p, 'ActionNotFound'])
      }
      const again = await served.ask(alice(), 'POST', '/p/run', request)
      expect(again.status).toBe(202)
      expect(again.json.action_id).not.toBe(json.action_id)
    }
  })

  test('who may not see or manage an action gets the same answer as for one that does not exist', async () => {
    const id = await started(alice())
    const none = crypto.randomUUID()
    for (const name of ['status', 'cancel', 'release'] as const) {
      for (const at of [0, 1]) {
        const [method, path] = routes(id)[name]?.[at] ?? ['', '']
        const forbidden = await served.ask(bob(), method, path)
        const missing = await served.ask(bob(), method, path.replace(id, none))
        expect(forbidden.status).toBe(404)
        expect(forbidden.json).toEqual(missing.json)
        expect(forbidden.json.code).toBe('ActionNotFound')
      }
    }
  })

  test('monitor_by may see and not manage', async () => {
    const id = await started(alice(), { monitor_by: [bob().urn] })
    expect((await served.ask(bob(), 'GET', `/p/${id}/status`)).status).toBe(200)
    expect((await served.ask(bob(), 'POST', `/p/${id}/cancel`)).status).toBe(404)
    expect((await served.ask(bob(), 'POST', `/p/${id}/release`)).status).toBe(404)
  })

  test('manage_by may manage and, if it is not in monitor_by, not see', async () => {
    const id = await started(alice(), { manage_by: [bob().urn] })
    expect((await served.ask(bob(), 'GET', `/p/${id}/status`)).status).toBe(404)
    expect((await served.ask(bob(), 'POST', `/p/${id}/cancel`)).status).toBe(200)
    expect((await served.ask(bob(), 'POST', `/p/${id}/release`)).status).toBe(200)
  })

  test('a group in monitor_by or manage_by stands for its members', async () => {
    const id = await started(alice(), { monitor_by: [group], manage_by: [group] })
    expect((await served.ask(bob(), 'GET', `/p/${id}/status`)).status).toBe(200)
    expect((await served.ask(bob(), 'DELETE', `/p/actions/${id}`)).status).toBe(200)
  })

  test('an action of one provider is unknown to another on the same app', async () => {
    const id = await started(alice())
    expect((await served.ask(alice(), 'GET', `/p2/${id}/status`)).json.code).toBe('ActionNotFound')
  })
})

test('identities: any linked identity of the caller is the creator', async () => {
  const other = 'f1d6a1b0-31c5-4c48-8f0e-6d2a4f0a9b03'
  const frank = served.auth.caller({ username: 'frank' })
  const linked = served.auth.caller({ username: 'frank-work', identities: [frank.urn, identityURN(other)] })
  const { json } = await served.ask(frank, 'POST', '/p/run', run('linked'))
  expect((await served.ask(linked, 'GET', `/p/${json.action_id}/status`)).status).toBe(200)
  const shared = await served.ask(
    alice(),
    'POST',
    '/p/run',
    run('linked monitor', { monitor_by: [identityURN(other)] }),
  )
  expect((await served.ask(linked, 'GET', `/p/${shared.json.action_id}/status`)).status).toBe(200)
})

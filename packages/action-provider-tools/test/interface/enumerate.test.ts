import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeGroup } from '../../src/testing/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { echo, run, waits } from './providers.ts'

/** Each test shows a row of the interface's tables, over HTTP on a listening server. */

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo, waits])
})
afterAll(() => served.close())

const bob = (): { token: string; urn: string } => served.auth.caller({ username: 'bob', groups: ['readers'] })

describe('enumerate', () => {
  const carol = (): { token: string; urn: string } =>
    served.auth.caller({ username: 'carol', groups: ['team'] })
  const group = fakeGroup('team')
  const ids = async (query: string, prefix = '/p'): Promise<string[]> => {
    const { status, json } = await served.ask(carol(), 'GET', `${prefix}/actions${query}`)
    expect(status).toBe(200)
    return json.map((action: { action_id: string }) => action.action_id)
  }
  let mine: string[]
  let watched: string
  let managed: string
  let active: string
  beforeAll(async () => {
    mine = []
    for (let i = 0; i < 5; i++) {
      mine.unshift((await served.ask(carol(), 'POST', '/p/run', run(`enumerate ${i}`))).json.action_id)
    }
    watched = (await served.ask(bob(), 'POST', '/p/run', run('watched', { monitor_by: [group] }))).json
      .action_id
    managed = (await served.ask(bob(), 'POST', '/p/run', run('managed', { manage_by: [carol().urn] }))).json
      .action_id
    active = (await served.ask(carol(), 'POST', '/p2/run', { request_id: 'enumerate', body: {} })).json
      .action_id
  })

  test('without arguments: the active actions that the caller created', async () => {
    expect(await ids('')).toEqual([])
    expect([...(await ids('', '/p2')), ...(await ids('?status=inactive', '/p2'))]).toEqual([active])
  })
  test('status is a comma list in any case, newest first', async () => {
    expect(await ids('?status=Succeeded,FAILED')).toEqual(mine)
  })
  test('roles say whose actions; groups count for the two lists', async () => {
    expect(await ids('?status=succeeded&roles=monitor_by')).toEqual([watched])
    expect(await ids('?status=succeeded&roles=manage_by')).toEqual([managed])
    expect(await ids('?status=succeeded&roles=creator_id,monitor_by,manage_by')).toEqual([
      managed,
      watched,
      ...mine,
    ])
  })
  test('both must hold', async () => {
    expect(await ids('?status=active&roles=monitor_by')).toEqual([])
  })
  test('pages follow the Link header and give every action once', async () => {
    const seen: string[] = []
    let next: string | undefined = '?status=succeeded&limit=2'
    while (next !== undefined) {
      const { json, headers }: { json: { action_id: string }[]; headers: Headers } = await served.ask(
        carol(),
        'GET',
        `/p/actions${next}`,
      )
      expect(json.length).toBeLessThanOrEqual(2)
      seen.push(...json.map(({ action_id }) => action_id))
      next = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1]
    }
    expect(seen).toEqual(mine)
  })
  for (const [query, words] of [
    ['?status=done', ['active', 'inactive', 'succeeded', 'failed']],
    ['?roles=owner', ['creator_id', 'monitor_by', 'manage_by']],
    ['?limit=101', ['limit']],
    ['?limit=x', ['limit']],
    ['?marker=%22', ['marker']],
  ] as const) {
    test(`${query} is refused with the allowed values`, async () => {
      const answer = await served.ask(carol(), 'GET', `/p/actions${query}`)
      expect([answer.status, answer.json.code]).toEqual([422, 'RequestValidationError'])
      for (const word of words) expect(answer.json.description).toContain(word)
    })
  }
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defineActionProvider, identityURN } from '../src/index.ts'
import { fakeGroup } from '../src/testing/index.ts'
import { type Served, serveForTest } from './served.ts'

/** Each test shows a row of the interface's tables, over HTTP on a listening server. */

const contact = { admin_contact: 'support@example.org' }
const input = {
  type: 'object',
  properties: { input_string: { type: 'string' } },
  required: ['input_string'],
  additionalProperties: false,
}
const echo = defineActionProvider({
  description: { ...contact, title: 'echo', synchronous: true },
  input,
  run: ({ input }) => ({ you_said: input.input_string }),
})
const waits = defineActionProvider({
  description: { ...contact, title: 'waits', synchronous: false },
  input: { type: 'object' },
  run: async ({ signal, attempt, pause, log }) => {
    log('Began', `Run ${attempt}`, { attempt })
    if (attempt === 1) pause({ code: 'NeedsApproval', description: 'Somebody must approve it' })
    return await new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    )
  },
})
const silent = defineActionProvider({
  description: { ...contact, title: 'without log', synchronous: false, log_supported: false },
  input: { type: 'object' },
  run: () => ({}),
})

let served: Served
const run = (request_id: string, more: object = {}): object => ({
  request_id,
  body: { input_string: 'hey' },
  ...more,
})
beforeAll(async () => {
  served = await serveForTest([echo, waits, silent])
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })
const bob = (): { token: string; urn: string } => served.auth.caller({ username: 'bob', groups: ['readers'] })

describe('introspect', () => {
  for (const path of ['/p', '/p/']) {
    test(`GET ${path} needs no token and may be read by any web page`, async () => {
      const answer = await served.ask(undefined, 'GET', path)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-expose-headers')).toBe('*')
      expect(answer.json).toEqual({
        types: ['ACTION'],
        api_version: '1.0',
        globus_auth_scope: served.auth.scope,
        title: 'echo',
        admin_contact: 'support@example.org',
        visible_to: ['public'],
        runnable_by: ['all_authenticated_users'],
        synchronous: true,
        log_supported: false,
        maximum_deadline: 'P30D',
        input_schema: input,
      })
    })
    test(`OPTIONS ${path} names the methods`, async () => {
      const answer = await served.ask(undefined, 'OPTIONS', path)
      expect(answer.status).toBe(204)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-expose-headers')).toBe('*')
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET, OPTIONS')
    })
  }
})

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

describe('resume, log and an unfinished action', () => {
  const paused = async (): Promise<string> => {
    const { json } = await served.ask(alice(), 'POST', '/p2/run', {
      request_id: crypto.randomUUID(),
      body: {},
    })
    for (;;) {
      const { json: status } = await served.ask(alice(), 'GET', `/p2/${json.action_id}/status`)
      if (status.status === 'INACTIVE') return json.action_id
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  test('an asynchronous action is ACTIVE when run answers', async () => {
    const { status, json } = await served.ask(alice(), 'POST', '/p2/run', { request_id: 'active', body: {} })
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

describe('codes', () => {
  test('400: not JSON, empty, not UTF-8', async () => {
    for (const body of ['{"request_id":', '', 'null x', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])]) {
      const answer = await served.ask(alice(), 'POST', '/p/run', body)
      expect([answer.status, answer.json.code]).toEqual([400, 'BadActionRequest'])
    }
  })

  test('401 with WWW-Authenticate: no token, malformed, unknown', async () => {
    for (const authorization of [
      undefined,
      'Bearer',
      'Basic abc',
      'Bearer a b',
      'Bearer \u00e9',
      'Bearer unknown',
      'token',
    ]) {
      const headers = authorization === undefined ? {} : { authorization }
      for (const [method, path] of [
        ['POST', '/p/run'],
        ['GET', '/p/some-id/status'],
        ['GET', '/p/actions'],
      ] as const) {
        const answer = await served.ask(
          undefined,
          method,
          path,
          method === 'POST' ? run('nobody') : undefined,
          headers,
        )
        expect([authorization, answer.status, answer.json.code]).toEqual([
          authorization,
          401,
          'UnauthorizedRequest',
        ])
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
      }
    }
  })

  test('403 insufficient_scope: the token lacks the scope', async () => {
    const stranger = served.auth.caller({ username: 'dave', scopes: ['openid'] })
    const answer = await served.ask(stranger, 'POST', '/p/run', run('no scope'))
    expect([answer.status, answer.json.code]).toEqual([403, 'ForbiddenRequest'])
    expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
  })

  test('404 NotFound and 405 with Allow', async () => {
    expect((await served.ask(alice(), 'GET', '/p/nothing/here/at/all')).json.code).toBe('NotFound')
    expect((await served.ask(undefined, 'GET', '/elsewhere')).json.code).toBe('NotFound')
    for (const [method, path, allow] of [
      ['GET', '/p/run', 'POST'],
      ['DELETE', '/p/', 'GET, HEAD, OPTIONS'],
      ['PUT', '/p/actions', 'GET, HEAD, POST'],
      ['POST', '/p/x/status', 'GET, HEAD'],
      ['GET', '/p/x/cancel/', 'POST'],
      ['PATCH', '/p/actions/x', 'DELETE, GET, HEAD'],
    ] as const) {
      const answer = await served.ask(alice(), method, path)
      expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow])
      expect(answer.json.code).toBe('MethodNotAllowed')
    }
  })

  test('413: over the body limit', async () => {
    const answer = await served.ask(
      alice(),
      'POST',
      '/p/run',
      run('large', { body: { input_string: 'x'.repeat(12 * 1024 * 1024) } }),
    )
    expect([answer.status, answer.json.code]).toEqual([413, 'PayloadTooLarge'])
  })

  test('422: every error, as Field … (category: …), without what the caller sent', async () => {
    const answer = await served.ask(alice(), 'POST', '/p/run', {
      body: { input_string: 'hey' },
      label: 'secret-label'.repeat(10),
      monitor_by: ['urn:not-a-principal'],
      deadline: '2001-01-01T00:00:00Z',
    })
    expect([answer.status, answer.json.code]).toEqual([422, 'RequestValidationError'])
    expect(answer.json.description).toMatch(/Field '\$[^']*' \(category: 'required'\)/)
    expect(answer.json.description).toMatch(/Field '\$\.label' \(category: 'maxLength'\)/)
    expect(answer.json.description).toMatch(/Field '\$\.monitor_by\[0\]' \(category: 'pattern'\)/)
    expect(answer.text).not.toContain('secret-label')
    expect(answer.text).not.toContain('not-a-principal')
    const wrongInput = await served.ask(
      alice(),
      'POST',
      '/p/run',
      run('input', { body: { input_string: 7, more: 1 } }),
    )
    expect(wrongInput.status).toBe(422)
    expect(wrongInput.json.description).toMatch(/\(category: 'type'\)/)
    expect(wrongInput.json.description).toMatch(/\(category: 'additionalProperties'\)/)
  })

  test('422: a deadline in the past or beyond maximum_deadline', async () => {
    for (const deadline of [new Date(Date.now() - 1_000), new Date(Date.now() + 31 * 86_400_000)]) {
      const answer = await served.ask(
        alice(),
        'POST',
        '/p/run',
        run('deadline', { deadline: deadline.toISOString() }),
      )
      expect([answer.status, answer.json.code]).toEqual([422, 'RequestValidationError'])
      expect(answer.json.description).toContain('$.deadline')
    }
  })

  test('503 with Retry-After while Globus Auth cannot be reached', async () => {
    served.auth.outage(true)
    try {
      const answer = await served.ask(
        served.auth.caller({ username: 'erin' }),
        'POST',
        '/p/run',
        run('outage'),
      )
      expect([answer.status, answer.json.code]).toEqual([503, 'ServiceUnavailable'])
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect((await served.ask(undefined, 'GET', '/p')).status).toBe(200)
    } finally {
      served.auth.outage(false)
    }
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

import { afterEach, describe, expect, test } from 'vitest'
import {
  ActionProviderError,
  BadActionRequest,
  connect,
  NotFound,
  UnexpectedAnswer,
} from '../../src/client/index.ts'
import { all, type Listening, listening, sendJson } from './listening.ts'

/** What providers of the Python toolkit answer, version by version, where that differs from the interface. */
const status = {
  action_id: 'gFs0rrbVDj2q',
  creator_id: 'urn:globus:auth:identity:ca73e829-715f-4522-9141-1d2d3b1ae2a1',
  details: { you_said: 'hey' },
  status: 'SUCCEEDED',
  display_status: 'SUCCEEDED',
  start_time: '2026-11-24T07:07:54.604112',
  completion_time: '2026-11-24T07:07:54.604112',
  label: null,
  monitor_by: null,
  manage_by: [],
  release_after: 'P30D',
}
const cleaned = {
  action_id: status.action_id,
  creator_id: status.creator_id,
  details: status.details,
  status: 'SUCCEEDED',
  display_status: 'SUCCEEDED',
  start_time: status.start_time,
  completion_time: status.completion_time,
  manage_by: [],
  release_after: 'P30D',
}

let server: Listening | undefined
afterEach(() => server?.close())
async function answering(document: unknown, code = 200) {
  await server?.close()
  server = await listening((_, response) => sendJson(response, code, document))
  return connect(server.url, { token: 'token' })
}
const answeringHtml = async (code: number) => {
  await server?.close()
  server = await listening((_, response) =>
    response.writeHead(code, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Oops</h1>'),
  )
  return connect(server.url, { token: 'token', retry: { limit: 1 } })
}

describe('a Python provider', () => {
  test('sends null for what it has not, and local times without a zone', async () => {
    const provider = await answering(status)
    expect((await provider.run({ input_string: 'hey' })).latest).toEqual(cleaned)
    const asked = await provider.action(status.action_id).status()
    expect(asked).toEqual(cleaned)
    expect(Object.keys(asked)).toEqual(Object.keys(status).filter((name) => name in cleaned))
  })
  test('sends details and lists of many kinds', async () => {
    for (const details of ['a text', [1, 2], { nested: null }]) {
      const provider = await answering({ ...status, details })
      expect(await provider.action('one').status()).toMatchObject({ details })
    }
    const provider = await answering({
      ...status,
      status: 'succeeded',
      action_id: 17,
      details: null,
      monitor_by: 'urn:globus:groups:id:fdb38a24-03c1-11e3-86f7-12313809f035',
      display_status: 5,
      release_after: 60,
    })
    expect(await provider.action('17').status()).toEqual({
      ...cleaned,
      action_id: '17',
      details: {},
      monitor_by: ['urn:globus:groups:id:fdb38a24-03c1-11e3-86f7-12313809f035'],
      display_status: undefined,
      release_after: 'PT60S',
    })
  })
  test('names its types in either case, and leaves out what it may', async () => {
    for (const types of [['Action'], ['ACTION'], 'Action']) {
      const provider = await answering({
        types,
        title: 'Old',
        globus_auth_scope: 'scope',
        admin_contact: 'me@example.org',
        input_schema: { type: 'object' },
        subtitle: null,
        keywords: null,
        runnable_by: null,
      })
      expect(await provider.introspect()).toEqual({
        types: ['ACTION'],
        api_version: '1.0',
        title: 'Old',
        globus_auth_scope: 'scope',
        admin_contact: 'me@example.org',
        input_schema: { type: 'object' },
        visible_to: ['public'],
        runnable_by: ['all_authenticated_users'],
        maximum_deadline: 'P30D',
        synchronous: false,
        log_supported: false,
      })
    }
  })
  test('lists actions without pages', async () => {
    const provider = await answering([status, status])
    const listed = await all(provider.actions({ status: 'all' }))
    expect(listed.map(({ latest }) => latest)).toEqual([cleaned, cleaned])
  })
  test('keeps a log of its own kind', async () => {
    const entry = { time: '2026-11-24T07:07:54.604112', code: 'Began', description: 'At last', details: null }
    const { details: _, ...plain } = entry
    const kinds = [
      { entries: [entry], has_next_page: false, limit: 10, marker: null },
      { entries: [entry], has_next_page: true, marker: null },
      [entry],
    ]
    for (const log of kinds) expect(await all((await answering(log)).action('one').log())).toEqual([plain])
  })
  test('says what is wrong in words of its own', async () => {
    const provider = await answering(
      { code: 'Oops', description: 'Bad principal', required_scope: null },
      400,
    )
    await expect(provider.run({})).rejects.toMatchObject({
      constructor: BadActionRequest,
      message: 'Oops: Bad principal',
    })
  })
  test('answers in HTML', async () => {
    for (const [code, kind] of [
      [404, NotFound],
      [500, ActionProviderError],
      [502, UnexpectedAnswer],
      [200, UnexpectedAnswer],
      [418, UnexpectedAnswer],
    ] as const) {
      const provider = await answeringHtml(code)
      const questions = [
        () => provider.run({}),
        () => provider.introspect(),
        () => provider.action('one').cancel(),
      ]
      for (const ask of questions)
        await expect(ask()).rejects.toMatchObject({
          constructor: kind,
          status: code,
          message: expect.stringContaining(`answered ${code} with text/html`),
        })
    }
  })
})

test('refuses what is no document of the interface', async () => {
  for (const document of [null, 1, 'text', [], {}, { action_id: 'one' }, { ...status, status: 'DONE' }]) {
    const provider = await answering(document)
    await expect(provider.action('one').status()).rejects.toThrow(UnexpectedAnswer)
    await expect(provider.introspect()).rejects.toThrow(UnexpectedAnswer)
    if (!Array.isArray(document)) {
      await expect(all(provider.actions())).rejects.toThrow(UnexpectedAnswer)
      await expect(all(provider.action('one').log())).rejects.toThrow(UnexpectedAnswer)
    }
  }
})

test('gives each entry of a followed log once, also where the provider heeds no time', async () => {
  const entry = (time: number, code: string) => ({ time: `2026-11-24T07:07:0${time}`, code, description: '' })
  const log = [entry(1, 'A'), entry(1, 'B'), entry(1, 'B'), entry(2, 'C'), entry(2, 'C'), entry(3, 'D')]
  for (const heeds of [true, false]) {
    let looks = 0
    server = await listening(({ path }, response) => {
      if (path.endsWith('/status'))
        return sendJson(response, 200, { ...status, status: ++looks < 3 ? 'ACTIVE' : 'SUCCEEDED' })
      const since = new URL(path, 'http://any').searchParams.get('since') ?? ''
      const written = log.slice(0, [0, 2, 4, 6][looks])
      const entries = heeds ? written.filter(({ time }) => time >= since) : written
      sendJson(response, 200, { entries, has_next_page: false })
    })
    const action = connect(server.url, { token: 'token' }).action('one')
    expect(await all(action.log({ follow: true }))).toEqual(log)
    await server.close()
  }
})

import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import {
  ActionNotFound,
  type ActionStatus,
  connect,
  UnauthorizedRequest,
  UnexpectedAnswer,
  type Update,
} from '../../src/client/index.ts'
import { defineActionProvider } from '../../src/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { all, type Came, type Listening, listening, sendJson, statusOf } from './listening.ts'

/** Actions that are followed by their updates, where the provider has them. */

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const token = 'token'
const retry = { backoff: 1, maximumBackoff: 1 }

/** A fetch that remembers what it was asked for. */
function remembering(): { fetch: typeof fetch; paths: string[] } {
  const paths: string[] = []
  return {
    paths,
    fetch: (input, init) => {
      const { pathname, search } = new URL(String(input))
      paths.push(pathname.replace(/[0-9a-f-]{36}/, 'ID') + search)
      return fetch(input, init)
    },
  }
}

describe('a provider that has updates', () => {
  async function serve(): Promise<{ served: Served; go: () => void }> {
    const gate = Promise.withResolvers<void>()
    const provider = defineActionProvider({
      description: { title: 'steps', admin_contact: 'support@example.org', synchronous: false },
      input: { type: 'object' },
      run: async ({ log, progress }) => {
        log('Begun', 'It has begun')
        progress({ half: true })
        await gate.promise
        log('Ended', 'It has ended')
        return { whole: true }
      },
    })
    const served = await serveForTest(provider)
    closing.push(served.close)
    return { served, go: () => gate.resolve() }
  }

  test('is asked once for all that becomes of an action', async () => {
    const { served, go } = await serve()
    const { fetch, paths } = remembering()
    const provider = connect(`${served.url}/p`, {
      token: served.auth.caller({ username: 'alice' }).token,
      fetch,
    })
    const action = await provider.run({})
    const finished = action.finished({
      onProgress: ({ details }) => {
        if ((details as { half?: boolean }).half) go()
      },
    })
    expect(await finished).toMatchObject({ status: 'SUCCEEDED', details: { whole: true } })
    expect(action.latest).toEqual(await finished)
    expect(paths).toEqual(['/p/run', '/p/actions/ID/updates?events=status'])
    const log = await all(action.log({ follow: true }))
    expect(log.map(({ code }) => code)).toEqual(['Begun', 'Ended'])
    expect(paths.slice(2)).toEqual(['/p/actions/ID/updates'])
  })

  test('tells of statuses and log together, the complete status last', async () => {
    const { served, go } = await serve()
    const provider = connect(`${served.url}/p`, { token: served.auth.caller({ username: 'alice' }).token })
    const action = await provider.run({})
    const heard: Update<unknown>[] = []
    for await (const update of action.updates()) {
      heard.push(update)
      if (update.type === 'log' && update.entry.code === 'Begun') go()
    }
    expect(heard.flatMap((each) => (each.type === 'log' ? [each.entry.code] : []))).toEqual([
      'Begun',
      'Ended',
    ])
    expect(heard.at(-1)).toMatchObject({ type: 'status', status: { status: 'SUCCEEDED' } })
    const statuses = await all(action.updates({ log: false }))
    expect(statuses).toEqual([heard.at(-1)])
  })

  test('says why to whom it does not let in', async () => {
    const { served, go } = await serve()
    const alice = served.auth.caller({ username: 'alice' })
    const stranger = served.auth.caller({ username: 'stranger' })
    const action = await connect(`${served.url}/p`, { token: alice.token }).run({})
    const other = connect(`${served.url}/p`, { token: stranger.token })
    await expect(other.action(action.id).finished()).rejects.toThrow(ActionNotFound)
    served.auth.revoke(alice)
    await expect(all(action.updates())).rejects.toThrow(UnauthorizedRequest)
    go()
  })
})

const event = (name: string, id: string, data: unknown): string =>
  `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
const entry = (code: string): Record<string, unknown> => ({
  time: '2030-01-01T00:00:00Z',
  code,
  description: '',
})
const begin = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' })

async function open(
  answer: (came: Came, response: ServerResponse, count: number) => unknown,
): Promise<Listening> {
  const server = await listening(answer, { hasUpdates: true })
  closing.push(server.close)
  return server
}

const codes = (updates: readonly Update<unknown>[]): unknown[] =>
  updates.map((each) => (each.type === 'log' ? each.entry.code : each.status.status))

describe('a stream of updates', () => {
  const active = event('status', 'a.-1', statusOf({ status: 'ACTIVE' }))

  test('that breaks off is gone on with after its last event, however it broke', async () => {
    const server = await open((_, response, count) => {
      if (count === 1) {
        begin(response).write(active + event('log', 'a.1', entry('One')), () => response.destroy())
      } else if (count === 2) response.writeHead(503).end()
      else if (count === 3) response.destroy()
      else if (count === 4) begin(response).end(': nothing new\n\n')
      else begin(response).end(event('log', 'a.2', entry('Two')) + event('status', 'b.2', statusOf()))
    })
    const updates = await all(connect(server.url, { token, retry }).action('one').updates())
    expect(codes(updates)).toEqual(['ACTIVE', 'One', 'Two', 'SUCCEEDED'])
    expect(server.came.map(({ headers }) => headers['last-event-id'])).toEqual([
      undefined,
      ...Array(4).fill('a.1'),
    ])
  })

  test('that has nothing more to tell is over', async () => {
    const server = await open((_, response, count) => {
      if (count === 1) begin(response).end(active)
      else response.writeHead(204).end()
    })
    const updates = await all(connect(server.url, { token, retry }).action('one').updates())
    expect(codes(updates)).toEqual(['ACTIVE'])
  })

  test('with what is no status is no stream of an action provider', async () => {
    const server = await open((_, response) => begin(response).end('event: status\ndata: {]\n\n'))
    await expect(connect(server.url, { token, retry }).action('one').finished()).rejects.toThrow(
      UnexpectedAnswer,
    )
  })

  test('with an event without end is given up', async () => {
    const server = await open((_, response) => {
      begin(response)
      const more = (): void => {
        while (response.write('data: '.padEnd(1024 * 1024, 'x')));
        response.once('drain', more)
      }
      more()
    })
    await expect(connect(server.url, { token, retry }).action('one').finished()).rejects.toThrow(
      UnexpectedAnswer,
    )
  })

  test('ends with its reader, or the signal', async () => {
    let closed = 0
    const server = await open((_, response) => {
      response.once('close', () => closed++)
      begin(response).write(active)
    })
    const provider = connect(server.url, { token, retry })
    for await (const _update of provider.action('one').updates()) break
    const reason = new Error('Enough')
    const stop = new AbortController()
    const onProgress = (_status: ActionStatus): void => stop.abort(reason)
    const following = provider.action('two').finished({ signal: stop.signal, onProgress })
    await expect(following).rejects.toBe(reason)
    await expect.poll(() => closed).toBe(2)
  })

  test('gets the other token where one is refused', async () => {
    const server = await open(({ headers }, response) => {
      if (headers.authorization !== 'Bearer second') return sendJson(response, 401, {})
      begin(response).end(event('status', 'b.-1', statusOf()))
    })
    const getToken = ({ refused }: { refused?: string }): string => (refused ? 'second' : 'first')
    expect(await connect(server.url, { getToken }).action('one').finished()).toMatchObject({
      status: 'SUCCEEDED',
    })
  })
})

describe('a provider that has no updates', () => {
  test.each<[what: string, refuse: (response: ServerResponse) => void]>([
    ['404 and a page', (response) => response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>')],
    ['404 NotFound', (response) => sendJson(response, 404, { code: 'NotFound', description: '' })],
    ['405', (response) => response.writeHead(405).end()],
    ['a document', (response) => sendJson(response, 200, statusOf())],
  ])('says so by %s, is asked once for all its actions, and is polled', async (_what, refuse) => {
    const server = await open(({ path }, response) => {
      if (path.includes('updates')) refuse(response)
      else sendJson(response, 200, statusOf())
    })
    const provider = connect(server.url, { token, retry })
    for (const id of ['one', 'two']) {
      expect(await provider.action(id).finished()).toMatchObject({ status: 'SUCCEEDED' })
    }
    expect(server.came.map(({ path }) => path)).toEqual([
      '/actions/one/updates?events=status',
      '/one/status',
      '/two/status',
    ])
  })

  test('tells of statuses and log all the same', async () => {
    const server = await open(({ path }, response, count) => {
      if (path.includes('updates')) response.writeHead(404).end()
      else if (path.includes('log')) sendJson(response, 200, { entries: count < 4 ? [] : [entry('One')] })
      else sendJson(response, 200, statusOf({ status: count < 4 ? 'ACTIVE' : 'SUCCEEDED' }))
    })
    const updates = await all(connect(server.url, { token, retry }).action('one').updates())
    expect(codes(updates)).toEqual(['ACTIVE', 'One', 'SUCCEEDED'])
  })

  test.each([
    ['has none to spare', 503],
    ['gives no more to one caller', 429],
  ])('for now, as it %s, is polled, and asked again another time', async (_what, status) => {
    const server = await open(({ path }, response) => {
      if (path.includes('updates')) response.writeHead(status, { 'retry-after': '5' }).end()
      else sendJson(response, 200, statusOf())
    })
    const provider = connect(server.url, { token, retry })
    for (const _time of [1, 2]) await provider.action('one').finished()
    expect(server.came.map(({ path }) => path)).toEqual(
      [1, 2].flatMap(() => ['/actions/one/updates?events=status', '/one/status']),
    )
  })
})

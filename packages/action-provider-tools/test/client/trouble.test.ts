import { afterEach, describe, expect, test } from 'vitest'
import {
  ActionNotFound,
  ActionProviderError,
  connect,
  exchange,
  NetworkFailure,
  ServiceUnavailable,
  TooManyPages,
  TooManyRequests,
  UnauthorizedRequest,
  UnexpectedAnswer,
} from '../../src/client/index.ts'
import { nextPause, pace } from '../../src/client/updates.ts'
import { all, type Listening, listening, sendJson, statusOf } from './listening.ts'

const retry = { backoff: 1 }
const token = 'token'
const opened: Listening[] = []
async function open(...args: Parameters<typeof listening>): Promise<Listening> {
  const server = await listening(...args)
  opened.push(server)
  return server
}
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

describe('what fails for now', () => {
  const troubles = ['cut', 429, 502, 503, 504] as const
  test('is sent again, as the same request', async () => {
    const server = await open((_, response, count) => {
      const trouble = troubles[count - 1]
      if (trouble === 'cut') response.destroy()
      else if (trouble !== undefined) response.writeHead(trouble).end('<html>')
      else sendJson(response, 202, statusOf({ status: 'ACTIVE' }))
    })
    const reasons: string[] = []
    const provider = connect(server.url, { token, retry, onRetry: ({ reason }) => reasons.push(reason) })
    expect(await provider.run({ text: 'hey' }, { label: 'once' })).toMatchObject({ id: 'one' })
    expect(new Set(server.came.map(({ body }) => body)).size).toBe(1)
    expect(JSON.parse(server.came[0]?.body ?? '')).toEqual({
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      body: { text: 'hey' },
      label: 'once',
    })
    expect(reasons).toHaveLength(troubles.length)
    await provider.run({ text: 'hey' })
    const ids = server.came.map(({ body }) => JSON.parse(body).request_id)
    expect(ids.at(-1)).not.toBe(ids[0])
  })
  test('is waited for as long as the provider asks, but not without end', async () => {
    const waits: number[] = []
    let asked = '1'
    const server = await open((_, response, count) => {
      if (count === 1) sendJson(response, 503, {}, { 'retry-after': asked })
      else sendJson(response, 200, statusOf())
    })
    const options = { token, retry, onRetry: ({ wait }: { wait: number }) => waits.push(wait) }
    await connect(server.url, options).action('one').status()
    expect(waits).toEqual([1000])
    server.came.length = 0
    asked = '61'
    await expect(connect(server.url, options).action('one').status()).rejects.toMatchObject({
      constructor: ServiceUnavailable,
      retryAfter: 61,
    })
    server.came.length = 0
    asked = new Date(Date.now() + 7_200_000).toUTCString()
    const error = await connect(server.url, options)
      .action('one')
      .status()
      .catch((caught) => caught)
    expect(error.retryAfter).toBeGreaterThan(3600)
    expect(waits).toHaveLength(1)
  })
  test('is given up in the end, with the last failure', async () => {
    const waits: number[] = []
    const server = await open((_, response) =>
      sendJson(response, 429, { code: 'TooManyRequests', description: 'Later' }),
    )
    const limited = connect(server.url, {
      token,
      retry: { limit: 5, backoff: 4, maximumBackoff: 10 },
      onRetry: ({ wait }) => waits.push(wait),
    })
    await expect(limited.action('one').status()).rejects.toMatchObject({
      constructor: TooManyRequests,
      message: 'Later',
    })
    expect(server.came).toHaveLength(5)
    for (const [index, longest] of [4, 8, 10, 10].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(longest / 2)
      expect(waits[index]).toBeLessThanOrEqual(longest)
    }
    await server.close()
    const gone = connect(server.url, { token, retry: { limit: 2, backoff: 1 } })
    await expect(gone.run({})).rejects.toMatchObject({
      constructor: NetworkFailure,
      code: 'NetworkFailure',
      message: expect.stringContaining('nothing listens there'),
    })
  })
  test('ends at once when the signal aborts', async () => {
    const stop = new AbortController()
    const server = await open((_, response) => response.destroy())
    const provider = connect(server.url, {
      token,
      retry: { backoff: 3_600_000, maximumBackoff: 3_600_000 },
      onRetry: () => stop.abort('enough'),
    })
    await expect(provider.run({}, { signal: stop.signal })).rejects.toBe('enough')
    const silent = await open(() => setImmediate(() => stopSilent.abort('enough of this')))
    const stopSilent = new AbortController()
    const waiting = connect(silent.url, { token }).action('one').status({ signal: stopSilent.signal })
    await expect(waiting).rejects.toBe('enough of this')
  })
  test('is noticed where nothing comes at all', async () => {
    const server = await open(() => {})
    const reasons: string[] = []
    const onRetry = ({ reason }: { reason: string }) => reasons.push(reason)
    const options = { token, timeout: 10, retry: { limit: 2, backoff: 1 }, onRetry }
    await expect(connect(server.url, options).introspect()).rejects.toThrow(/does not answer/)
    expect(reasons).toEqual([expect.stringContaining('does not answer')])
  })
})

describe('what changes an action', () => {
  const lost = async (trouble: 'cut' | 503 | 504, then: [number, unknown]) =>
    open((_, response, count) => {
      if (count > 1) sendJson(response, ...then)
      else if (trouble === 'cut') response.destroy()
      else response.writeHead(trouble).end()
    })
  test('cancels again', async () => {
    for (const trouble of ['cut', 503, 504] as const) {
      const server = await lost(trouble, [200, statusOf({ status: 'FAILED' })])
      const action = connect(server.url, { token, retry }).action('one')
      expect(await action.cancel()).toMatchObject({ status: 'FAILED' })
    }
  })
  test('resumes again only where the provider says that it did not', async () => {
    const refused = await lost(503, [200, statusOf({ status: 'ACTIVE' })])
    const action = connect(refused.url, { token, retry }).action('one')
    expect(await action.resume()).toMatchObject({ status: 'ACTIVE' })
    for (const trouble of ['cut', 504] as const) {
      const server = await lost(trouble, [200, statusOf()])
      await expect(connect(server.url, { token, retry }).action('one').resume()).rejects.toThrow()
      expect(server.came).toHaveLength(1)
    }
  })
  test('knows that what is gone after a lost answer was released', async () => {
    const gone = { code: 'ActionNotFound', description: 'There is none' }
    const released = async (trouble: 'cut' | 503) => {
      let asked = 0
      const server = await open((came, response) => {
        if (came.method === 'GET') return sendJson(response, 200, statusOf())
        if (++asked > 1) return sendJson(response, 404, gone)
        return trouble === 'cut' ? response.destroy() : response.writeHead(trouble).end()
      })
      const action = connect(server.url, { token, retry }).action('one')
      await action.status()
      return action.release()
    }
    expect(await released('cut')).toMatchObject({ status: 'SUCCEEDED' })
    await expect(released(503)).rejects.toThrow(ActionNotFound)
  })
})

describe('following an action', () => {
  test('is quick first and slower later', () => {
    const pauses: number[] = [pace.first]
    while ((pauses.at(-1) ?? 0) < pace.longest) pauses.push(nextPause(pauses.at(-1) ?? 0))
    expect([pauses[0], pauses.at(-1)]).toEqual([1_000, 30_000])
    expect(pauses).toEqual(pauses.toSorted((one, other) => one - other))
  })
  test('bears a provider that is gone for a while', async () => {
    const server = await open((_, response, count) => {
      if (count === 1) sendJson(response, 200, statusOf({ status: 'ACTIVE' }))
      else if (count < 10) count % 2 ? response.destroy() : sendJson(response, 500, {})
      else sendJson(response, 200, statusOf())
    })
    const action = connect(server.url, { token, retry: { limit: 1, backoff: 1 } }).action('one')
    expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED' })
  })
  test('gives up one that was never there, and one that stays away', async () => {
    const server = await open((_, response, count) => {
      if (count === 1) sendJson(response, 200, statusOf({ status: 'ACTIVE' }))
      else sendJson(response, 500, {})
    })
    const options = { token, retry: { backoff: 1, patience: 50 } }
    const action = connect(server.url, options).action('one')
    await expect(action.finished()).rejects.toThrow(ActionProviderError)
    const before = server.came.length
    await expect(connect(server.url, options).action('one').finished()).rejects.toThrow(ActionProviderError)
    expect(server.came).toHaveLength(before + 1)
  })
  test('lets a provider that can hold its answer, and asks again when it comes', async () => {
    const server = await open((_, response, count) => {
      const headers: Record<string, string> = count < 3 ? { 'preference-applied': 'wait=20' } : {}
      sendJson(response, 200, statusOf({ status: count < 3 ? 'ACTIVE' : 'FAILED' }), headers)
    })
    const action = connect(server.url, { token }).action('one')
    expect(await action.finished()).toMatchObject({ status: 'FAILED' })
    expect(server.came.map(({ headers }) => headers.prefer)).toEqual([...Array(3)].map(() => 'wait=20'))
    await action.status({ wait: 5 })
    expect(server.came.at(-1)?.headers.prefer).toBe('wait=5')
    await connect(server.url, { token }).run({}, { wait: 7 })
    expect(server.came.at(-1)?.headers.prefer).toBe('wait=7')
    await action.status()
    expect(server.came.at(-1)?.headers.prefer).toBeUndefined()
  })
})

describe('tokens', () => {
  const server = (good: string) =>
    open(({ headers }, response) => {
      if (headers.authorization === `Bearer ${good}`) sendJson(response, 200, statusOf())
      else sendJson(response, 401, { code: 'UnauthorizedRequest', description: 'No' })
    })
  test('are asked for each time, and again where one is refused', async () => {
    const { url, came } = await server('second')
    const asked: unknown[] = []
    const provider = connect(url, {
      getToken: async (asking) => {
        asked.push(asking)
        return asking.refused === undefined ? 'first' : 'second'
      },
    })
    await provider.action('one').status()
    expect(asked).toEqual([{}, { refused: 'first' }])
    expect(came.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second'])
  })
  test('are not sent again where there is no other: Python says 401 of the action of another, too', async () => {
    const { url, came } = await server('none')
    for (const options of [{ token: 'first' }, { getToken: () => 'first' }]) {
      await expect(connect(url, options).action('one').status()).rejects.toThrow(UnauthorizedRequest)
      expect(came.splice(0)).toHaveLength(1)
    }
  })
  test('are sent to introspect only where it is not public', async () => {
    const description = { globus_auth_scope: 'scope', title: 'Hidden' }
    const { url, came } = await open(({ headers }, response) =>
      headers.authorization ? sendJson(response, 200, description) : sendJson(response, 403, {}),
    )
    expect(await connect(url, { token }).introspect()).toMatchObject(description)
    expect(came.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer token'])
  })
})

describe('a redirect', () => {
  test('is followed within the origin', async () => {
    const { url } = await open(({ path }, response) => {
      if (path.endsWith('/')) sendJson(response, 200, statusOf())
      else response.writeHead(308, { location: `${path}/` }).end()
    })
    expect(await connect(url, { token }).run({ text: 'hey' })).toMatchObject({ id: 'one' })
  })
  test('leads neither token nor input to another origin, nor in a circle', async () => {
    const other = await open((_, response) => sendJson(response, 200, statusOf()))
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await open((_, response) => response.writeHead(status, { location: other.url }).end())
      const provider = connect(url, { token })
      await expect(provider.run({})).rejects.toThrow(UnexpectedAnswer)
      await expect(provider.action('one').status()).rejects.toThrow(/not followed/)
      await expect(provider.introspect()).rejects.toThrow(UnexpectedAnswer)
    }
    expect(other.came).toEqual([])
    const circle = await open(({ path }, response) => response.writeHead(307, { location: path }).end())
    await expect(connect(circle.url, { token }).run({})).rejects.toThrow(/circle/)
  })
})

describe('a request of a kind of its own', () => {
  test('is sent as it is, and its answer read whatever its status', async () => {
    const { url, came } = await open((_, response) => sendJson(response, 418, { what: 'a teapot' }))
    const authorization = `Basic ${btoa('id:secret')}`
    const answer = await exchange({
      method: 'PUT',
      url: new URL(`${url}/v2/api/scopes/one`),
      headers: { authorization, 'content-type': 'text/plain' },
      body: 'text',
    })
    expect(answer).toMatchObject({ status: 418, json: { what: 'a teapot' } })
    const headers = expect.objectContaining({ authorization, 'content-type': 'text/plain' })
    expect(came).toEqual([{ method: 'PUT', path: '/v2/api/scopes/one', headers, body: 'text' }])
  })
  test('keeps a password as safe as a token', async () => {
    const request = { method: 'GET' as const, headers: { authorization: 'Basic eDp5' } }
    await expect(exchange({ ...request, url: new URL('http://example.org') })).rejects.toThrow(/https/)
    const other = await open((_, response) => sendJson(response, 200, {}))
    const { url } = await open((_, response) => response.writeHead(307, { location: other.url }).end())
    await expect(exchange({ ...request, url: new URL(url) })).rejects.toThrow(/not followed/)
    expect(other.came).toEqual([])
  })
})

describe('a hostile provider', () => {
  test('cannot answer without end', async () => {
    const part = 'x'.repeat(1024 * 1024)
    const { url } = await open((_, response) => {
      const more = (): void => {
        while (response.write(part));
        response.once('drain', more)
      }
      more()
    })
    await expect(connect(url, { token, retry }).action('one').status()).rejects.toThrow(/64 MiB/)
  })
  test('cannot list without end', async () => {
    const same = await open((_, response) =>
      sendJson(response, 200, [statusOf()], { link: '<?marker=same>; rel="next"' }),
    )
    expect(await all(connect(same.url, { token }).actions())).toHaveLength(2)
    let page = 0
    const endless: typeof fetch = async () =>
      Response.json([], { headers: { link: `<https://elsewhere.example/?marker=${++page}>; rel=next` } })
    const provider = connect('https://example.org', { token, fetch: endless })
    await expect(all(provider.actions({ maximumPages: 7 }))).rejects.toThrow(TooManyPages)
    expect(page).toBe(7)
    await expect(all(provider.actions())).rejects.toThrow(TooManyPages)
  })
  test('cannot nest its answers without end', async () => {
    const deep = `${'{"details":'.repeat(100_000)}{}${'}'.repeat(100_000)}`
    const { url } = await open((_, response) => response.end(deep))
    await expect(connect(url, { token }).action('one').finished()).rejects.toThrow(UnexpectedAnswer)
  })
  test('cannot say where the next page is asked for', async () => {
    const other = await open((_, response) => sendJson(response, 200, []))
    const { url, came } = await open((_, response, count) =>
      sendJson(response, 200, [], count > 1 ? {} : { link: `<${other.url}/steal?marker=2>; rel="next"` }),
    )
    await all(connect(`${url}/p`, { token }).actions())
    expect(came.map(({ path }) => path)).toEqual([
      '/p/actions?status=active&roles=creator_id',
      '/p/actions?marker=2',
    ])
    expect(other.came).toEqual([])
  })
  test('cannot bring lines of its own into messages', async () => {
    const { url } = await open((_, response) =>
      sendJson(response, 409, { code: 'A\u001b[2J', description: `B\n${'c'.repeat(5000)}` }),
    )
    const error = await connect(url, { token })
      .action('one')
      .resume()
      .catch((caught) => caught)
    expect(error.message).not.toMatch(/\p{Cc}/u)
    expect(error.message.length).toBeLessThan(1100)
  })
})

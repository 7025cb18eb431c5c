import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEmulator, type Emulator, findEmulator, startEmulator } from 'globus-emulator'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startWithProvider } from './registered-provider.ts'

let running: Emulator[]
beforeEach(() => {
  running = []
})
afterEach(() => Promise.all(running.map((emulator) => emulator.close())))

async function start() {
  const started = await startWithProvider()
  running.push(started.emulator)
  return started
}

describe('faults', () => {
  test('answer with an error as often as they were ordered, for one endpoint', async () => {
    const { emulator, call } = await start()
    await emulator.setFault({ endpoint: 'introspect', status: 429, retry_after: 7, count: 2 })
    for (const status of [429, 429, 200]) {
      const answer = await call.introspect('any')
      expect(answer.status).toBe(status)
      expect(answer.headers.get('retry-after')).toBe(status === 429 ? '7' : null)
    }
    expect(await emulator.requests()).toMatchObject({ introspect: 3, dependent_token: 0 })
  })

  test('count the grants of the token endpoint one by one', async () => {
    const { emulator, call, scope } = await start()
    await emulator.setFault({ endpoint: 'dependent_token', status: 503 })
    const token = await emulator.issueToken({ username: 'bob', scope })
    expect((await call.dependentTokens(token)).status).toBe(503)
    expect((await call.token({ grant_type: 'client_credentials', scope })).status).toBe(200)
    await emulator.clearFaults({ endpoint: 'dependent_token' })
    expect((await call.dependentTokens(token)).status).toBe(200)
  })

  test('cut an answer off, or make garbage of it', async () => {
    const { emulator, call } = await start()
    await emulator.setFault({ endpoint: '*', body: 'cut', count: 1 })
    await expect(call.introspect('any')).rejects.toThrow()
    await emulator.setFault({ endpoint: 'introspect', body: 'garbage', count: 1 })
    await expect(call.introspect('any')).rejects.toThrow(SyntaxError)
    expect((await call.introspect('any')).status).toBe(200)
  })

  test('delay the right answer', async () => {
    const { emulator, call } = await start()
    await emulator.setFault({ endpoint: 'introspect', latency: 100 })
    const before = performance.now()
    expect((await call.introspect('any')).body).toEqual({ active: false })
    expect(performance.now() - before).toBeGreaterThanOrEqual(99)
  })

  test('are refused for an endpoint that does not exist', async () => {
    const { emulator } = await start()
    await expect(
      connectEmulator(emulator.url).setFault({ endpoint: 'introspection' as 'introspect' }),
    ).rejects.toThrow('setFault: endpoint must be one of introspect,')
  })
})

describe('administration over HTTP', () => {
  test('does what it does in the process', async () => {
    const { emulator, call, scope } = await start()
    const remote = connectEmulator(emulator.url)
    expect(await remote.users()).toEqual(await emulator.users())
    const token = await remote.issueToken({ username: 'bob', scope, expires_in: 60 })
    expect((await call.introspect(token)).body).toMatchObject({ active: true, username: 'bob@example.org' })
    await remote.reset()
    expect((await call.introspect(token)).body).toEqual({ active: false })
    await expect(remote.issueToken({ username: 'nobody', scope })).rejects.toThrow('no user is called nobody')
  })

  test('is not for web pages', async () => {
    const { emulator } = await start()
    const response = await fetch(`${emulator.url}/emulator/reset`, {
      method: 'POST',
      headers: { origin: 'https://elsewhere.example.com' },
    })
    expect(response.status).toBe(403)
  })

  test('tells an emulator from anything else', async () => {
    const { emulator } = await start()
    expect(await findEmulator(emulator.url)).toMatchObject({ emulator: 'globus' })
    await emulator.close()
    expect(await findEmulator(emulator.url)).toBeUndefined()
  })

  test.each<[string, object | string, string]>([
    ['a name that is a number', { name: 5 }, 'register: name must be a string'],
    ['no name', { scopes: [] }, 'register: name is missing'],
    ['scopes that are a string', { name: 'p', scopes: 'action_all' }, 'register: scopes must be a list'],
    [
      'a suffix that is null',
      { name: 'p', scopes: [{ suffix: null }] },
      'register: scopes/0/suffix must be a string',
    ],
    [
      'a type that does not exist',
      { name: 'p', type: 'public' },
      'register: type must be one of confidential, native',
    ],
    ['a misspelt field', { name: 'p', redirect_uri: 'x' }, 'register: redirect_uri is not a known field'],
    ['no object', '[]', 'register: must be an object'],
  ])('refuses to register %s, in words', async (_, body, error) => {
    const { emulator } = await start()
    const response = await fetch(`${emulator.url}/emulator/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error })
  })

  test('refuses what is of the wrong type for each other operation, in words', async () => {
    const { emulator, scope } = await start()
    const remote = connectEmulator(emulator.url)
    const wrong = 5 as unknown as string
    for (const administration of [emulator, remote]) {
      await expect(administration.issueToken({ username: wrong, scope })).rejects.toThrow(
        'issueToken: username must be a string',
      )
      await expect(administration.consent({ username: 'bob', scope: wrong })).rejects.toThrow(
        'consent: scope must be a string or a list',
      )
      await expect(administration.revoke({ token: wrong })).rejects.toThrow('revoke: token must be a string')
    }
  })

  test('sets how long tokens live', async () => {
    const { emulator, call, scope } = await start()
    await emulator.setTokenLifetime({ seconds: 30 })
    const { body } = await call.token({ grant_type: 'client_credentials', scope })
    expect(body).toMatchObject({ expires_in: 30 })
    await expect(emulator.setTokenLifetime({ seconds: 0 })).rejects.toThrow('above 0')
  })
})

describe('a state file', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'globus-emulator-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('keeps clients, consents and tokens, readable by their owner alone and without the tokens', async () => {
    const stateFile = join(folder, 'state.json')
    const first = await startEmulator({ port: 0, stateFile })
    running.push(first)
    const registration = { name: 'provider', scopes: [{ suffix: 'action_all' }] }
    const registered = await first.register(registration)
    const [scope = ''] = registered.scopes
    const token = await first.issueToken({ username: 'bob', scope })
    await first.close()
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600)
    expect(await readFile(stateFile, 'utf8')).not.toContain(token)

    const second = await startEmulator({ port: 0, stateFile })
    running.push(second)
    expect(await second.register(registration)).toEqual(registered)
    expect(await second.consents({ username: 'bob' })).toHaveLength(1)
    const introspected = await fetch(`${second.url}/v2/oauth2/token/introspect`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${registered.client_id}:${registered.client_secret}`)}` },
      body: new URLSearchParams({ token }),
    })
    expect(await introspected.json()).toMatchObject({ active: true, username: 'bob@example.org' })
    await second.close()
  })

  test('becomes readable by its owner alone, whatever it and the mask of the process allow', async () => {
    const stateFile = join(folder, 'state.json')
    const first = await startEmulator({ port: 0, stateFile })
    await first.close()
    await chmod(stateFile, 0o644)
    const mask = process.umask(0)
    try {
      const second = await startEmulator({ port: 0, stateFile })
      running.push(second)
      expect((await stat(stateFile)).mode & 0o777).toBe(0o600)
      await second.register({ name: 'provider' })
      await second.close()
      expect((await stat(stateFile)).mode & 0o777).toBe(0o600)
      expect(await readdir(folder)).toEqual(['state.json'])
    } finally {
      process.umask(mask)
    }
  })
})

test.each(['0.0.0.0', '::', '192.0.2.1', 'localhost.example.org', '127.0.0.1.example.org', ''])(
  'it does not listen at %j, which is not loopback',
  async (host) => {
    await expect(startEmulator({ port: 0, host })).rejects.toThrow('listens on loopback only')
  },
)

test('it does not run in production', async () => {
  vi.stubEnv('NODE_ENV', 'production')
  try {
    await expect(startEmulator({ port: 0 })).rejects.toThrow('NODE_ENV is production')
  } finally {
    vi.unstubAllEnvs()
  }
})

test('a request by a name that is not of this machine is not answered', async () => {
  const { emulator } = await start()
  const { request } = await import('node:http')
  const status = await new Promise((resolve, reject) => {
    request(emulator.url, { headers: { host: 'rebound.example.com' } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(403)
})

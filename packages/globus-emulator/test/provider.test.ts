import { type Emulator, groupsScope, startEmulator, type TokenDocument } from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { providerCalls, withProvider } from './registered-provider.ts'

const transferScope = 'urn:globus:auth:scope:transfer.api.globus.org:all'
let running: Emulator
beforeAll(async () => {
  running = await startEmulator({ port: 0 })
})
afterEach(() => running.reset())
afterAll(() => running.close())

function start(dependents?: string[]) {
  return withProvider(running, dependents)
}

describe('introspection', () => {
  test('tells the provider whose its caller is', async () => {
    const { emulator, call, provider, scope } = await start()
    const alice = (await emulator.users()).find(({ short_name }) => short_name === 'alice')
    const { status, body } = await call.introspect(await emulator.issueToken({ username: 'alice', scope }), {
      include: 'identity_set',
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      active: true,
      token_type: 'Bearer',
      scope,
      sub: alice?.id,
      username: alice?.username,
      name: alice?.name,
      email: alice?.email,
      aud: expect.arrayContaining([provider.client_id]),
      iss: emulator.url,
      identity_set: alice?.identity_set,
      dependent_tokens_cache_id: expect.any(String),
    })
    const { exp, iat, nbf } = body as { exp: number; iat: number; nbf: number }
    expect(exp - iat).toBe(172_800)
    expect(nbf).toBe(iat)
  })

  test('leaves the identity set out unless it is included', async () => {
    const { emulator, call, scope } = await start()
    const { body } = await call.introspect(await emulator.issueToken({ username: 'alice', scope }))
    expect(body).not.toHaveProperty('identity_set')
  })

  test.each([
    ['unknown', async () => 'Agnonsense'],
    [
      'expired',
      async (emulator: Emulator, scope: string) => {
        const token = await emulator.issueToken({ username: 'bob', scope })
        await emulator.expire({ username: 'bob' })
        return token
      },
    ],
    [
      'revoked',
      async (emulator: Emulator, scope: string) => {
        const token = await emulator.issueToken({ username: 'bob', scope })
        await emulator.revoke({ token })
        return token
      },
    ],
    [
      'rescinded',
      async (emulator: Emulator, scope: string) => {
        const token = await emulator.issueToken({ username: 'bob', scope })
        await emulator.rescind({ username: 'bob', scope })
        return token
      },
    ],
    [
      "another service's",
      (emulator: Emulator) => emulator.issueToken({ username: 'bob', scope: transferScope }),
    ],
  ])('says no more than inactive of one that is %s', async (_, makeToken) => {
    const { emulator, call, scope } = await start()
    const { status, body } = await call.introspect(await makeToken(emulator, scope))
    expect(status).toBe(200)
    expect(body).toEqual({ active: false })
  })

  test('refuses a client that does not prove who it is', async () => {
    const { emulator, provider } = await start()
    for (const client of [
      { ...provider, client_secret: 'wrong' },
      { ...provider, client_id: 'unknown' },
    ]) {
      const { status, body, headers } = await providerCalls(emulator, client).introspect('anything')
      expect(status).toBe(401)
      expect(body).toEqual({ error: 'invalid_client' })
      expect(headers.get('www-authenticate')).toMatch(/^Basic /)
    }
  })
})

describe('the dependent token grant', () => {
  test('gives an array with one token for each service the scope depends on', async () => {
    const { emulator, call, scope } = await start()
    const { status, body } = await call.dependentTokens(
      await emulator.issueToken({ username: 'alice', scope }),
    )
    expect(status).toBe(200)
    expect(body).toEqual([
      {
        access_token: expect.any(String),
        scope: groupsScope,
        expires_in: 172_800,
        token_type: 'Bearer',
        resource_server: 'groups.api.globus.org',
      },
    ])
  })

  test('adds refresh tokens when they are asked for', async () => {
    const { emulator, call, scope } = await start()
    const token = await emulator.issueToken({ username: 'alice', scope })
    const { body } = await call.dependentTokens(token, { access_type: 'offline' })
    expect(body).toEqual([expect.objectContaining({ refresh_token: expect.any(String) })])
  })

  test('gives nothing for a scope without dependents', async () => {
    const { emulator, call, scope } = await start([])
    const { body } = await call.dependentTokens(await emulator.issueToken({ username: 'alice', scope }))
    expect(body).toEqual([])
  })

  test('names the scope that the user has not consented to', async () => {
    const { emulator, call, scope } = await start()
    const token = await emulator.issueToken({ username: 'alice', scope })
    const { status, body } = await call.dependentTokens(token, { scope: transferScope })
    expect(status).toBe(403)
    expect(body).toMatchObject({
      error: 'dependent_consent_required',
      errors: [{ code: 'DEPENDENT_CONSENT_REQUIRED', status: '403', unapproved_scopes: [transferScope] }],
    })
  })

  test('gives a token for a scope beyond the registered ones once the user consented to it', async () => {
    const { emulator, call, scope } = await start()
    const token = await emulator.issueToken({ username: 'alice', scope })
    await emulator.consent({ username: 'alice', scope: `${scope}[${transferScope}]` })
    const { body } = await call.dependentTokens(token, { scope: transferScope })
    expect(body).toEqual([expect.objectContaining({ scope: transferScope })])
  })

  test('refuses a token that is not meant for the client', async () => {
    const { emulator, call } = await start()
    const token = await emulator.issueToken({ username: 'alice', scope: transferScope })
    const { status, body } = await call.dependentTokens(token)
    expect(status).toBe(400)
    expect(body).toEqual({ error: 'invalid_grant' })
  })
})

describe('groups', () => {
  test("are the caller's, with the memberships of all linked identities", async () => {
    const { emulator, call, scope } = await start()
    const { body } = await call.dependentTokens(await emulator.issueToken({ username: 'alice', scope }))
    const [{ access_token } = { access_token: '' }] = body as TokenDocument[]
    const response = await fetch(`${emulator.url}/v2/groups/my_groups`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual([
      expect.objectContaining({
        name: 'Scientists',
        group_type: 'regular',
        enforce_session: false,
        my_memberships: [
          expect.objectContaining({ username: 'alice@example.org', role: 'admin', status: 'active' }),
        ],
      }),
      expect.objectContaining({
        name: 'Operators',
        my_memberships: [expect.objectContaining({ username: 'alice@lab.example.com', role: 'manager' })],
      }),
    ])
  })

  test('are not shown without a token, or with one for another service', async () => {
    const { emulator, scope } = await start()
    const url = `${emulator.url}/v2/groups/my_groups`
    expect((await fetch(url)).status).toBe(401)
    const authorization = `Bearer ${await emulator.issueToken({ username: 'alice', scope })}`
    expect((await fetch(url, { headers: { authorization } })).status).toBe(403)
  })
})

describe('the client credentials grant', () => {
  test('gives tokens with which the client acts as itself', async () => {
    const { call, provider, scope } = await start()
    const { status, body } = await call.token({ grant_type: 'client_credentials', scope: `${scope} openid` })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      scope: 'openid',
      resource_server: 'auth.globus.org',
      id_token: expect.any(String),
      other_tokens: [{ scope, resource_server: provider.client_id }],
    })
    const [token] = (body as { other_tokens: TokenDocument[] }).other_tokens
    const introspected = await call.introspect(token?.access_token ?? '')
    expect(introspected.body).toMatchObject({
      active: true,
      sub: provider.client_id,
      username: `${provider.client_id}@clients.auth.globus.org`,
    })
  })

  test.each([
    ['an unknown scope', 'urn:globus:auth:scope:example.org:none'],
    ['a malformed scope', 'openid['],
    ['no scope', ''],
  ])('refuses %s', async (_, scope) => {
    const { call } = await start()
    const { status, body } = await call.token({ grant_type: 'client_credentials', scope })
    expect(status).toBe(400)
    expect(body).toEqual({ error: 'invalid_scope' })
  })
})

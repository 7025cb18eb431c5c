import { type Emulator, groupsScope, startEmulator, type TokenDocument } from 'globus-emulator'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startBrowser } from './browser.ts'

// The requests that globus-cli and the Python SDK below it make for `globus login`, `whoami`, `session show` and
// `logout`.

const template = '95fdeba8-fac2-42bd-a357-e068d82ff78e'
const transfer = 'urn:globus:auth:scope:transfer.api.globus.org:all'
const timer = 'https://auth.globus.org/scopes/524230d7-ea86-4a52-8312-86065a9e0417/timer'
const flows = 'https://auth.globus.org/scopes/eec9b274-0c81-4334-bdc2-54e90e689b9a/all'
const authScopes = 'openid profile email urn:globus:auth:scope:auth.globus.org:view_identity_set'
const scopesByServer = {
  'auth.globus.org': authScopes,
  'transfer.api.globus.org': transfer,
  'groups.api.globus.org': 'urn:globus:auth:scope:groups.api.globus.org:all',
  'search.api.globus.org': 'urn:globus:auth:scope:search.api.globus.org:all',
  '524230d7-ea86-4a52-8312-86065a9e0417': timer,
  'flows.globus.org': flows,
}
const loginScope = Object.values(scopesByServer).join(' ').replace(timer, `${timer}[${transfer}]`)

type Credential = { client: string; secret: string }
type Login = TokenDocument & { id_token: string; other_tokens: TokenDocument[] }

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ port: 0 })
})
afterEach(() => emulator.reset())
afterAll(() => emulator.close())

async function call<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(emulator.url + path, init)
  expect(response.status, path).toBe(200)
  return (await response.json()) as Answer
}

function basic({ client, secret }: Credential): { authorization: string } {
  return { authorization: `Basic ${btoa(`${client}:${secret}`)}` }
}

function post<Answer>(path: string, form: Record<string, string>, headers = {}): Promise<Answer> {
  return call(path, { method: 'POST', headers, body: new URLSearchParams(form) })
}

/** What the command line does before its first login: it makes a client of its own. */
async function makeInstance(): Promise<Credential> {
  const { included } = await call<{ included: { client_credential: Credential } }>('/v2/api/clients', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client: { template_id: template, name: 'Globus CLI' } }),
  })
  return included.client_credential
}

/** `globus login`, with a local server or with `--no-local-server`. */
async function login(instance: Credential, redirect_uri = 'http://localhost:49155'): Promise<Login> {
  const browser = startBrowser()
  const page = await browser.open(
    `${emulator.url}/v2/oauth2/authorize?${new URLSearchParams({
      client_id: instance.client,
      redirect_uri,
      scope: loginScope,
      state: '_default',
      response_type: 'code',
      access_type: 'offline',
      prompt: 'login',
    })}`,
  )
  const back = await browser.press(await browser.press(page, 'alice@example.org'), 'Allow')
  const code = back.url.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri }
  return post('/v2/oauth2/token', form, basic(instance))
}

describe('globus-cli', () => {
  test.each([
    ['a local server', () => 'http://localhost:49155'],
    ['a code that is copied', () => `${emulator.url}/v2/web/auth-code`],
  ])('logs in with %s, and gets tokens for each service', async (_, redirectUri) => {
    const instance = await makeInstance()
    const { id_token, other_tokens, ...first } = await login(instance, redirectUri())
    const tokens = [first, ...other_tokens]
    expect(Object.fromEntries(tokens.map(({ resource_server, scope }) => [resource_server, scope]))).toEqual(
      scopesByServer,
    )
    const keys = createRemoteJWKSet(new URL('/jwk.json', emulator.url))
    const { payload } = await jwtVerify(id_token, keys, { audience: instance.client })
    expect(payload.sub).toBe((await emulator.users())[0]?.id)
    for (const { refresh_token = '' } of tokens) {
      const validated = await post('/v2/oauth2/token/validate', { token: refresh_token }, basic(instance))
      expect(validated).toEqual({ active: true })
    }
  })

  test('finds the consents that its timer needs', async () => {
    const { access_token } = await login(await makeInstance())
    const [{ id } = { id: '' }] = await emulator.users()
    const { consents } = await call<{
      consents: { id: number; scope_name: string; dependency_path: number[] }[]
    }>(`/v2/api/identities/${id}/consents`, { headers: { authorization: `Bearer ${access_token}` } })
    const names = new Map(consents.map((consent) => [consent.id, consent.scope_name]))
    const paths = consents.map(({ dependency_path }) => dependency_path.map((node) => names.get(node)))
    expect(paths).toContainEqual([timer, transfer])
  })

  test('shows who its user is, and when they logged in', async () => {
    const instance = await makeInstance()
    const { access_token } = await login(instance)
    const [alice] = await emulator.users()
    const headers = { authorization: `Bearer ${access_token}` }
    expect(await call('/v2/oauth2/userinfo', { headers })).toMatchObject({
      preferred_username: 'alice@example.org',
      identity_set: [{ username: 'alice@example.org' }, { username: 'alice@lab.example.com' }],
    })
    const form = { token: access_token, include: 'session_info' }
    const { iat, session_info } = await post<{ iat: number; session_info: unknown }>(
      '/v2/oauth2/token/introspect',
      form,
      basic(instance),
    )
    expect(session_info).toEqual({
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      authentications: {
        [alice?.id ?? '']: {
          auth_time: expect.any(Number),
          idp: expect.any(String),
          acr: null,
          amr: null,
          custom_claims: {},
        },
      },
    })
    const { auth_time } = Object.values(
      (session_info as { authentications: Record<string, { auth_time: number }> }).authentications,
    )[0] ?? { auth_time: Number.NaN }
    expect(auth_time).toBeLessThanOrEqual(iat)
  })

  test('keeps the session when it refreshes a token, and has none as a client that acts as itself', async () => {
    const instance = await makeInstance()
    const { access_token, refresh_token = '' } = await login(instance)
    const session = async (token: string) =>
      (
        await post<{ session_info: { session_id: string | null } }>(
          '/v2/oauth2/token/introspect',
          { token, include: 'session_info' },
          basic(instance),
        )
      ).session_info
    const refreshed = await post<TokenDocument>(
      '/v2/oauth2/token',
      { grant_type: 'refresh_token', refresh_token },
      basic(instance),
    )
    expect(refreshed.access_token).not.toBe(access_token)
    expect(await session(refreshed.access_token)).toEqual(await session(access_token))
    const own = await post<TokenDocument>(
      '/v2/oauth2/token',
      { grant_type: 'client_credentials', scope: authScopes },
      basic(instance),
    )
    expect(await session(own.access_token)).toEqual({ session_id: null, authentications: {} })
  })

  test('logs out: it revokes its tokens as the native client, and can delete its own client', async () => {
    const instance = await makeInstance()
    const { other_tokens: _, ...token } = await login(instance)
    for (const text of [token.access_token, token.refresh_token ?? '']) {
      await post('/v2/oauth2/token/revoke', { client_id: template, token: text })
      expect(await post('/v2/oauth2/token/validate', { token: text }, basic(instance))).toEqual({
        active: false,
      })
    }
    await call(`/v2/api/clients/${instance.client}`, { method: 'DELETE', headers: basic(instance) })
    expect(await emulator.consents({ username: 'alice' })).toEqual([])
  })

  test('does not revoke the tokens of other clients', async () => {
    const provider = await emulator.register({ name: 'provider', scopes: [{ suffix: 'all' }] })
    const token = await emulator.issueToken({ username: 'bob', scope: provider.scopes })
    await post('/v2/oauth2/token/revoke', { client_id: template, token })
    const credential = { client: provider.client_id, secret: provider.client_secret }
    expect(await post('/v2/oauth2/token/introspect', { token }, basic(credential))).toMatchObject({
      active: true,
    })
  })
})

test('a registered client names its own resource server in tokens', async () => {
  const provider = await emulator.register({
    name: 'a service',
    resource_server: 'service.example.org',
    scopes: [{ suffix: 'all', dependents: [groupsScope] }],
  })
  const [token] = await emulator.issueTokens({ username: 'bob', scope: provider.scopes })
  expect(token).toMatchObject({ scope: provider.scopes[0], resource_server: 'service.example.org' })
})

import { auth, authorization, groups } from '@globus/sdk'
import { type Emulator, groupsScope, type TokenDocument } from 'globus-emulator'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Browser, startBrowser } from './browser.ts'
import { startWithProvider } from './registered-provider.ts'

const callback = 'http://localhost:49153/app'
let emulator: Emulator
let scope: string
let provider: { client_id: string; client_secret: string }

beforeEach(async () => {
  ;({ emulator, scope, provider } = await startWithProvider())
})

afterEach(async () => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  await emulator.close()
})

describe('the JavaScript SDK in a web page', () => {
  /** What the SDK needs of a browser: where it is, how to go elsewhere, and its storage. */
  function beInBrowser(): { assigned: () => string; comeBack: (url: URL) => void } {
    let assigned = ''
    const location = {
      href: callback,
      assign: (url: string) => {
        assigned = url
      },
      replace: () => {},
    }
    const stored = new Map<string, string>()
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
      removeItem: (key: string) => stored.delete(key),
    })
    vi.stubGlobal('window', {
      location,
      GLOBUS_SDK_SERVICE_URL_AUTH: emulator.url,
      GLOBUS_SDK_SERVICE_URL_GROUPS: emulator.url,
    })
    return {
      assigned: () => assigned,
      comeBack: (url) => {
        location.href = url.href
      },
    }
  }

  async function login(browser: Browser) {
    const page = beInBrowser()
    const { client_id } = await emulator.register({ name: 'page', type: 'native', redirect_uris: [callback] })
    const manager = authorization.create({
      client: client_id,
      redirect: callback,
      scopes: `${groups.CONFIG.SCOPES.VIEW_MY} ${scope}`,
      useRefreshTokens: true,
      storage: ownStorage(),
    })
    await manager.login()
    const choice = await browser.open(page.assigned())
    const back = await browser.press(await browser.press(choice, 'alice@example.org'), 'Allow')
    page.comeBack(back.url)
    await manager.handleCodeRedirect()
    return manager
  }

  test('logs in, knows its user, refreshes, and revokes', async () => {
    const manager = await login(startBrowser())
    expect(manager.authenticated).toBe(true)
    expect(manager.user).toMatchObject({
      preferred_username: 'alice@example.org',
      name: 'Alice Adams',
      email: 'alice@example.org',
    })
    expect(manager.tokens.getByResourceServer(provider.client_id)).toMatchObject({ scope })

    const { sub } = manager.user ?? {}
    const before = manager.tokens.auth?.access_token
    await manager.refreshTokens()
    expect(manager.tokens.auth?.access_token).not.toBe(before)

    const userinfo = await auth.oauth2.userinfo(withToken(manager.tokens.auth?.access_token))
    expect(await userinfo.json()).toMatchObject({ email: 'alice@example.org', sub })

    const revoked = manager.tokens.auth?.access_token
    await manager.revoke()
    expect((await auth.oauth2.userinfo(withToken(revoked))).status).toBe(401)
  })

  test('gets the groups of its user, with a token that it refreshes once it has expired', async () => {
    const manager = await login(startBrowser())
    await emulator.expire({ username: 'alice' })
    const mine = await groups.groups.getMyGroups({ manager })
    expect(await mine.json()).toEqual([
      expect.objectContaining({ name: 'Scientists' }),
      expect.objectContaining({ name: 'Operators' }),
    ])
  })

  test('sees which consents its user gave', async () => {
    const manager = await login(startBrowser())
    const listed = await auth.identities.consents.getAll(manager.user?.sub ?? '', {
      headers: bearer(manager.tokens.auth?.access_token),
    })
    const { consents } = await listed.json()
    expect(auth.utils.hasConsentForScope(consents, `${scope}[${groupsScope}]`)).toBe(true)
    expect(auth.utils.hasConsentForScope(consents, 'urn:globus:auth:scope:transfer.api.globus.org:all')).toBe(
      false,
    )
  })

  test('may read the answers that its browser gets from another origin', async () => {
    const preflight = await fetch(`${emulator.url}/v2/groups/my_groups`, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:49153', 'access-control-request-method': 'GET' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
    const refused = await fetch(`${emulator.url}/v2/groups/my_groups`, {
      headers: { origin: 'http://localhost:49153' },
    })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('the JavaScript SDK in a service', () => {
  beforeEach(() => {
    vi.stubEnv('GLOBUS_SDK_SERVICE_URL_AUTH', `${emulator.url}/`)
    vi.stubEnv('GLOBUS_SDK_SERVICE_URL_GROUPS', `${emulator.url}/`)
  })

  test('introspects a token, gets dependent tokens for it, and reads the groups of its owner', async () => {
    const token = await emulator.issueToken({ username: 'bob', scope })
    const introspected = await auth.oauth2.token.introspect(asProvider({ token, include: 'identity_set' }))
    expect(await introspected.json()).toMatchObject({ active: true, username: 'bob@example.org', scope })

    const dependent = await auth.oauth2.token.token(
      asProvider({ grant_type: 'urn:globus:auth:grant_type:dependent_token', token }),
    )
    const [first] = (await dependent.json()) as TokenDocument[]
    const mine = await groups.groups.getMyGroups({ headers: bearer(first?.access_token) })
    expect(await mine.json()).toEqual([expect.objectContaining({ name: 'Scientists' })])
  })

  test('acts as itself, and looks identities up', async () => {
    const tokens = await auth.oauth2.token.token(
      asProvider({ grant_type: 'client_credentials', scope: auth.CONFIG.SCOPES.VIEW_IDENTITIES }),
    )
    const { access_token } = (await tokens.json()) as TokenDocument
    const headers = bearer(access_token)
    const usernames = 'bob@example.org,nobody@example.org'
    const found = await auth.identities.getAll({ headers, query: { usernames } })
    const { identities } = (await found.json()) as { identities: { id: string }[] }
    expect(identities).toEqual([expect.objectContaining({ username: 'bob@example.org', status: 'used' })])
    const one = await auth.identities.get(identities[0]?.id ?? '', { headers })
    expect(await one.json()).toEqual({ identity: identities[0] })
  })

  test('revokes a token', async () => {
    const token = await emulator.issueToken({ username: 'bob', scope, client_id: provider.client_id })
    const revoked = await auth.oauth2.token.revoke(asProvider({ token }))
    expect(await revoked.json()).toEqual({ active: false })
    const introspected = await auth.oauth2.token.introspect(asProvider({ token }))
    expect(await introspected.json()).toEqual({ active: false })
  })

  /** A request with the provider's secret. The SDK's types know native clients alone. */
  function asProvider(payload: Record<string, string>): never {
    const { client_id, client_secret } = provider
    return { payload, headers: { Authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` } } as never
  }
})

function bearer(token: string | undefined): { Authorization: string } {
  return { Authorization: `Bearer ${token}` }
}

/** The SDK's types demand a payload of this call that there is none of. */
function withToken(token: string | undefined): never {
  return { headers: bearer(token) } as never
}

/** Keeps entries as the storage's own properties, as a browser's does and the SDK relies on. */
function ownStorage(): Storage {
  const methods = {
    getItem(this: Record<string, string>, key: string): string | null {
      return this[key] ?? null
    },
    setItem(this: Record<string, string>, key: string, value: string): void {
      this[key] = value
    },
    removeItem(this: Record<string, string>, key: string): void {
      delete this[key]
    },
  }
  return Object.create(methods) as Storage
}

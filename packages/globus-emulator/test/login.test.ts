import { createHash, randomBytes } from 'node:crypto'
import {
  commandLineClient,
  type Emulator,
  groupsScope,
  startEmulator,
  type TokenDocument,
} from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Page, startBrowser } from './browser.ts'
import { withProvider } from './registered-provider.ts'

const transferScope = 'urn:globus:auth:scope:transfer.api.globus.org:all'
const callback = 'http://127.0.0.1:49152/callback'
const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

let running: Emulator
beforeAll(async () => {
  running = await startEmulator({ port: 0 })
})
afterEach(() => running.reset())
afterAll(() => running.close())

function start(dependents?: string[]) {
  return withProvider(running, dependents)
}

function authorizeUrl(emulator: Emulator, parameters: Record<string, string>): string {
  return `${emulator.url}/v2/oauth2/authorize?${new URLSearchParams({
    client_id: commandLineClient,
    redirect_uri: callback,
    state: 'a state',
    response_type: 'code',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...parameters,
  })}`
}

async function exchange(emulator: Emulator, page: Page, more: Record<string, string> = {}) {
  const response = await fetch(`${emulator.url}/v2/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: commandLineClient,
      code: page.url.searchParams.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: verifier,
      ...more,
    }),
  })
  return { status: response.status, body: (await response.json()) as TokenDocument & Record<string, unknown> }
}

describe('logging in', () => {
  test('is choosing oneself, then consenting to each scope with its dependents', async () => {
    const { emulator, scope } = await start()
    const browser = startBrowser()
    const login = await browser.open(authorizeUrl(emulator, { scope: `${scope} openid` }))
    expect(login.html).toContain('Action Provider CLI')
    for (const { username } of await emulator.users()) expect(login.html).toContain(username)

    const consent = await browser.press(login, 'bob@example.org')
    for (const named of ['provider: action_all', scope, groupsScope, 'View your groups', 'openid']) {
      expect(consent.html).toContain(named)
    }
    const back = await browser.press(consent, 'Allow')
    expect(back.url.href.startsWith(`${callback}?code=`)).toBe(true)
    expect(back.url.searchParams.get('state')).toBe('a state')

    const { status, body } = await exchange(emulator, back)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      resource_server: 'auth.globus.org',
      scope: 'openid',
      state: 'a state',
      id_token: expect.any(String),
      other_tokens: [{ scope, state: 'a state', expires_in: 172_800 }],
    })
    expect(body).not.toHaveProperty('refresh_token')
  })

  test('asks nothing more of somebody who has consented to it all', async () => {
    const { emulator, scope } = await start()
    const browser = startBrowser()
    const url = authorizeUrl(emulator, { scope })
    const login = await browser.open(url)
    await browser.press(await browser.press(login, 'bob@example.org'), 'Allow')
    const again = await browser.open(url)
    expect((await exchange(emulator, again)).status).toBe(200)
  })

  test('asks again for what was not consented to: a dependent, or refresh tokens', async () => {
    const { emulator, scope } = await start()
    const browser = startBrowser()
    const login = await browser.open(authorizeUrl(emulator, { scope }))
    await browser.press(await browser.press(login, 'bob@example.org'), 'Allow')
    const deeper = await browser.open(authorizeUrl(emulator, { scope: `${scope}[${transferScope}]` }))
    expect(deeper.html).toContain('Transfer files')
    expect(deeper.html).not.toContain(groupsScope)
    const offline = await browser.open(authorizeUrl(emulator, { scope, access_type: 'offline' }))
    expect(offline.html).toContain('while you are away')
  })

  test.each([
    ['denied', {}, 'access_denied'],
    ['of an unknown scope', { scope: 'urn:globus:auth:scope:example.org:none' }, 'invalid_scope'],
    ['of a malformed scope', { scope: 'openid[' }, 'invalid_scope'],
    ['for a token at once', { response_type: 'token' }, 'unsupported_response_type'],
    ['without PKCE', { code_challenge: '' }, 'invalid_request'],
    ['with the plain method', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['without a page, of nobody', { prompt: 'none' }, 'login_required'],
  ])('that is %s ends at the client with the error', async (_, parameters, error) => {
    const { emulator } = await start()
    const browser = startBrowser()
    let page = await browser.open(authorizeUrl(emulator, { scope: 'openid', ...parameters }))
    if (error === 'access_denied') {
      page = await browser.press(await browser.press(page, 'bob@example.org'), 'Deny')
    }
    expect(page.url.href.startsWith(`${callback}?`)).toBe(true)
    expect(page.url.searchParams.get('error')).toBe(error)
    expect(page.url.searchParams.get('state')).toBe('a state')
    expect(page.url.searchParams.has('code')).toBe(false)
  })

  test.each([
    ['an unknown client', { client_id: '00000000-0000-4000-8000-000000000000' }],
    ['an address of another site', { redirect_uri: 'https://elsewhere.example.com/callback' }],
    ['an address of another site in disguise', { redirect_uri: 'http://127.0.0.1:1@elsewhere.example.com/' }],
  ])('sends nobody anywhere for %s', async (_, parameters) => {
    const { emulator } = await start()
    const page = await startBrowser().open(authorizeUrl(emulator, { scope: 'openid', ...parameters }))
    expect(page.status).toBe(400)
    expect(page.url.origin).toBe(emulator.url)
  })

  test('offers only those whom the client requires, and asks anew for a login', async () => {
    const { emulator } = await start()
    const browser = startBrowser()
    const lab = { session_required_single_domain: 'lab.example.com', session_message: 'The lab only <b>' }
    const login = await browser.open(authorizeUrl(emulator, { scope: 'openid', ...lab }))
    expect(login.html).toContain('alice@lab.example.com')
    expect(login.html).not.toContain('bob@example.org')
    expect(login.html).toContain('The lab only &lt;b&gt;')
    await browser.press(login, 'alice@lab.example.com')
    const anew = await browser.open(authorizeUrl(emulator, { scope: 'openid', prompt: 'login' }))
    expect((await browser.press(anew, 'bob@example.org')).html).toContain('You are Bob Baker')
  })

  test.each([
    ['a page of the emulator', '/v2/web/consents?a=b', '/v2/web/consents?a=b'],
    ['line ends', '/v2/web/consents\r\nset-cookie: a=b', '/v2/web/consentsset-cookie:%20a=b'],
    ['characters beyond Latin', '/v2/web/\u2603', '/v2/web/%E2%98%83'],
    ['another path', '/emulator/reset', '/'],
    ['a path that leads elsewhere', '/v2/../emulator/reset', '/'],
    ['another host', '//elsewhere.example.com/v2/', '/'],
    ['another host in disguise', '/\\elsewhere.example.com/v2/', '/'],
    ['another host with a line end', '/\n/elsewhere.example.com/v2/', '/'],
    ['nothing', '', '/'],
  ])('with %s as the destination stays at the emulator', async (_, destination, location) => {
    const { emulator } = await start()
    const [alice] = await emulator.users()
    const response = await fetch(`${emulator.url}/v2/web/login`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ identity: alice?.id ?? '', destination }),
    })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe(location)
  })

  test('asks again where the form that consents is not of the user, and its request holds line ends', async () => {
    const { emulator } = await start()
    const query = new URL(authorizeUrl(emulator, { scope: 'openid' })).search.slice(1)
    const response = await fetch(`${emulator.url}/v2/web/consent`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ request: `${query}&session_message=a\r\nb`, decision: 'allow' }),
    })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toMatch(/^\/v2\/oauth2\/authorize\?client_id=.*a%0D%0Ab$/)
  })

  test('ends with logging out', async () => {
    const { emulator } = await start()
    const browser = startBrowser()
    await browser.press(await browser.open(authorizeUrl(emulator, { scope: 'openid' })), 'bob@example.org')
    expect(browser.cookies.size).toBe(1)
    await browser.open(`${emulator.url}/v2/web/logout`)
    expect(browser.cookies.size).toBe(0)
    expect((await browser.open(authorizeUrl(emulator, { scope: 'openid' }))).html).toContain('Log in')
  })
})

describe('a code', () => {
  async function loggedIn(more: Record<string, string> = {}) {
    const { emulator } = await start()
    const browser = startBrowser()
    const login = await browser.open(authorizeUrl(emulator, { scope: 'openid', ...more }))
    return { emulator, page: await browser.press(await browser.press(login, 'bob@example.org'), 'Allow') }
  }

  test('is good for once', async () => {
    const { emulator, page } = await loggedIn()
    expect((await exchange(emulator, page)).status).toBe(200)
    expect(await exchange(emulator, page)).toEqual({ status: 401, body: { error: 'invalid_grant' } })
  })

  test.each([
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['no verifier', { code_verifier: '' }],
    ['another address', { redirect_uri: 'http://127.0.0.1:49152/other' }],
  ])('is good for nothing with %s', async (_, more) => {
    const { emulator, page } = await loggedIn()
    expect(await exchange(emulator, page, more)).toEqual({ status: 401, body: { error: 'invalid_grant' } })
  })

  test('is shown for copying when no program listens', async () => {
    const redirect_uri = 'http://127.0.0.1:5001/v2/web/auth-code'
    const { emulator } = await start()
    const own = redirect_uri.replace('http://127.0.0.1:5001', emulator.url)
    const browser = startBrowser()
    const login = await browser.open(authorizeUrl(emulator, { scope: 'openid', redirect_uri: own }))
    const shown = await browser.press(await browser.press(login, 'bob@example.org'), 'Allow')
    expect(shown.html).toContain(`>${shown.url.searchParams.get('code')}<`)
    expect((await exchange(emulator, shown, { redirect_uri: own })).status).toBe(200)
  })
})

describe('consents', () => {
  test('let a dependent token grant through that failed before', async () => {
    const { emulator, scope, call } = await start()
    const browser = startBrowser()
    const login = await browser.open(authorizeUrl(emulator, { scope }))
    const back = await browser.press(await browser.press(login, 'bob@example.org'), 'Allow')
    const { access_token } = (await exchange(emulator, back)).body
    const refused = await call.dependentTokens(access_token, { scope: transferScope })
    expect(refused.status).toBe(403)
    expect(refused.body).toMatchObject({ errors: [{ unapproved_scopes: [transferScope] }] })

    const more = await browser.open(authorizeUrl(emulator, { scope: `${scope}[*${transferScope}]` }))
    await browser.press(more, 'Allow')
    const granted = await call.dependentTokens(access_token, { scope: transferScope })
    expect(granted.body).toEqual([expect.objectContaining({ scope: transferScope })])
  })

  test('are listed for their owner, who can take each back', async () => {
    const { emulator, scope, call } = await start()
    await emulator.consent({ username: 'bob', scope: `${scope}[*${transferScope}]` })
    const token = await emulator.issueToken({ username: 'bob', scope })
    const browser = startBrowser()
    const login = await browser.open(`${emulator.url}/v2/web/consents`)
    const listed = await browser.press(login, 'bob@example.org')
    expect(listed.html).toContain(transferScope)

    const [whole, optional] = [...listed.html.matchAll(/name="consent" value="(\d+)"/g)].map(
      ([, id = '']) => id,
    )
    const less = await browser.press(listed, 'Rescind', { consent: optional ?? '' })
    expect(less.html).not.toContain(transferScope)
    expect((await call.introspect(token)).body).toMatchObject({ active: true })
    await browser.press(less, 'Rescind', { consent: whole ?? '' })
    expect((await call.introspect(token)).body).toEqual({ active: false })
  })

  test('of others cannot be taken back, nor by a page of another origin', async () => {
    const { emulator, scope } = await start()
    await emulator.consent({ username: 'alice', scope })
    const [{ id } = { id: 0 }] = await emulator.consents({ username: 'alice' })
    const browser = startBrowser()
    const login = await browser.open(`${emulator.url}/v2/web/consents`)
    await browser.press(login, 'bob@example.org')
    const post = (origin: string) =>
      fetch(`${emulator.url}/v2/web/consents/rescind`, {
        method: 'POST',
        headers: { origin, cookie: [...browser.cookies].map((cookie) => cookie.join('=')).join('; ') },
        body: new URLSearchParams({ consent: String(id) }),
      })
    expect((await post(emulator.url)).status).toBe(200)
    expect((await post('https://elsewhere.example.com')).status).toBe(403)
    expect(await emulator.consents({ username: 'alice' })).toHaveLength(2)
  })
})

test('each page says that it is no Globus, and lets nothing run, load or frame it', async () => {
  const { emulator } = await start()
  const paths = [
    '/',
    '/v2/web/consents',
    '/v2/web/logout',
    '/v2/web/auth-code?code=c',
    '/v2/web/auth-code?error=e',
  ]
  const urls = [...paths.map((path) => emulator.url + path), authorizeUrl(emulator, { scope: 'openid' })]
  for (const url of urls) {
    const response = await fetch(url)
    expect(await response.text()).toContain('This is not Globus.')
    expect(response.headers.get('content-security-policy')).toMatch(
      /default-src 'none'.*frame-ancestors 'none'/,
    )
  }
})

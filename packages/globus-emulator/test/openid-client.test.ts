import { commandLineClient, type Emulator } from 'globus-emulator'
import * as client from 'openid-client'
import { afterEach, describe, expect, test } from 'vitest'
import { startBrowser } from './browser.ts'
import { startWithProvider } from './registered-provider.ts'

const callback = 'http://127.0.0.1:49154/callback'
let running: Emulator | undefined
afterEach(() => running?.close())

async function start() {
  const started = await startWithProvider()
  running = started.emulator
  await started.emulator.register({
    name: 'provider',
    client_id: started.provider.client_id,
    redirect_uris: [callback],
  })
  return started
}

function discover(emulator: Emulator, id: string, authentication: client.ClientAuth) {
  const options = { execute: [client.allowInsecureRequests] }
  return client.discovery(new URL(emulator.url), id, undefined, authentication, options)
}

async function login(config: client.Configuration, parameters: Record<string, string>) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const expectedNonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...parameters,
  })
  const browser = startBrowser()
  const choice = await browser.open(url)
  const back = await browser.press(await browser.press(choice, 'carol@example.org'), 'Allow')
  return client.authorizationCodeGrant(config, back.url, { pkceCodeVerifier, expectedState, expectedNonce })
}

describe('openid-client', () => {
  test.each(['native', 'confidential by header', 'confidential by form'])(
    'logs in as a client that is %s, and checks who it is',
    async (kind) => {
      const { emulator, provider } = await start()
      const [id, authentication] = {
        native: [commandLineClient, client.None()] as const,
        'confidential by header': [
          provider.client_id,
          client.ClientSecretBasic(provider.client_secret),
        ] as const,
        'confidential by form': [
          provider.client_id,
          client.ClientSecretPost(provider.client_secret),
        ] as const,
      }[kind] ?? [commandLineClient, client.None()]
      const config = await discover(emulator, id, authentication)
      const tokens = await login(config, { scope: 'openid profile email', access_type: 'offline' })
      const { sub, aud } = tokens.claims() ?? { sub: '' }
      expect(aud).toBe(id)
      const userinfo = await client.fetchUserInfo(config, tokens.access_token, sub)
      expect(userinfo).toMatchObject({
        preferred_username: 'carol@example.org',
        name: 'Carol Clark',
        email: 'carol@example.org',
        identity_set: [expect.objectContaining({ sub })],
      })
      const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
      expect(refreshed.access_token).not.toBe(tokens.access_token)
      expect(refreshed.expires_in).toBe(172_800)
      await client.tokenRevocation(config, tokens.refresh_token ?? '')
      await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({
        error: 'invalid_grant',
      })
    },
  )

  test('introspects, and acts as the client itself', async () => {
    const { emulator, provider, scope } = await start()
    const config = await discover(
      emulator,
      provider.client_id,
      client.ClientSecretBasic(provider.client_secret),
    )
    const tokens = await client.clientCredentialsGrant(config, { scope })
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      active: true,
      sub: provider.client_id,
      scope,
    })
  })

  test('gets dependent tokens as a grant of its own', async () => {
    const { emulator, provider, scope } = await start()
    const config = await discover(
      emulator,
      provider.client_id,
      client.ClientSecretBasic(provider.client_secret),
    )
    const token = await emulator.issueToken({ username: 'carol', scope, consents: false })
    await expect(
      client.genericGrantRequest(config, 'urn:globus:auth:grant_type:dependent_token', {
        token,
        scope: 'urn:globus:auth:scope:transfer.api.globus.org:all',
      }),
    ).rejects.toMatchObject({ error: 'dependent_consent_required', status: 403 })
  })
})

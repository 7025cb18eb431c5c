import { groupsScope } from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AuthState } from '../../src/auth/auth.ts'
import { ConsentRequired, UnauthorizedRequest } from '../../src/errors.ts'
import {
  type EmulatedGlobus,
  emulateGlobus,
  refusal,
  serveInstead,
  times,
  transferScope,
} from './emulated-globus.ts'

let globus: EmulatedGlobus
beforeAll(async () => {
  globus = await emulateGlobus()
})
afterEach(async () => {
  await globus.calm()
  // Consents outlive a test: each begins without.
  for (const username of ['alice', 'bob']) await globus.emulator.rescind({ username })
})
afterAll(() => globus.close())

const consent = (username: string): Promise<void> =>
  globus.emulator.consent({ username, scope: `${globus.scope}[*${transferScope}]` })
const rescind = (username: string): Promise<void> =>
  globus.emulator.rescind({ username, scope: transferScope })

describe('a dependent token', () => {
  test('is for the scope asked for, and good at its service', async () => {
    const alice = await globus.auth().authenticate(await globus.token('alice'))
    const token = await alice.dependentToken(groupsScope)
    expect(token).toEqual({
      access_token: expect.any(String),
      scope: groupsScope,
      resource_server: 'groups.api.globus.org',
      expires_at: expect.any(Number),
    })
    expect(token.expires_at).toBeGreaterThan(Date.now())
    const response = await fetch(`${globus.emulator.url}/v2/groups/my_groups`, {
      headers: { authorization: `Bearer ${token.access_token}` },
    })
    expect(response.status).toBe(200)
  })

  test('is granted once, for all scopes and for any number at once, until shortly before it expires', async () => {
    await consent('alice')
    const alice = await globus.auth().authenticate(await globus.token('alice'))
    const scopes = [groupsScope, transferScope]
    const asked = await globus.asked(async () => {
      const tokens = await Promise.all(times(50, (index) => alice.dependentToken(scopes[index % 2] ?? '')))
      expect(new Set(tokens.map(({ access_token }) => access_token)).size).toBe(2)
      expect(tokens.map(({ scope }) => scope)).toEqual(times(50, (index) => scopes[index % 2]))
    })
    expect(asked).toEqual({ dependent_token: 1 })
    globus.pass(172_800_000 - 60_000)
    expect(await globus.asked(() => alice.dependentToken(groupsScope))).toEqual({})
    globus.pass(1)
    expect(await globus.asked(() => alice.dependentToken(groupsScope))).toEqual({ dependent_token: 1 })
  })

  test('of one caller is never that of another', async () => {
    const auth = globus.auth()
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map(async (username) => auth.authenticate(await globus.token(username))),
    )
    const ofAlice = await alice?.dependentToken(groupsScope)
    const ofBob = await bob?.dependentToken(groupsScope)
    expect(ofAlice?.access_token).not.toBe(ofBob?.access_token)
  })

  test('needs consent: the error names the scope, and once it is given the token is there', async () => {
    const auth = globus.auth()
    const alice = await auth.authenticate(await globus.token('alice'))
    const error = await refusal(() => alice.dependentToken(transferScope))
    expect(error).toBeInstanceOf(ConsentRequired)
    expect(error).toMatchObject({ required_scope: transferScope, status: 403 })
    await consent('alice')
    expect(await alice.dependentToken(transferScope)).toMatchObject({ scope: transferScope })
  })

  test('ends with its consent, which is noticed with the next introspection', async () => {
    await consent('alice')
    const auth = globus.auth()
    const token = await globus.token('alice')
    const authenticate = async (): Promise<AuthState> => auth.authenticate(token)
    await (await authenticate()).dependentToken(transferScope)
    await rescind('alice')
    globus.pass(30_001)
    const alice = await authenticate()
    expect(await refusal(() => alice.dependentToken(transferScope))).toBeInstanceOf(ConsentRequired)
    expect(await alice.dependentToken(groupsScope)).toMatchObject({ scope: groupsScope })
  })

  test('is refused to a caller whose own token has ended meanwhile', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    const alice = await auth.authenticate(token)
    await globus.emulator.revoke({ token })
    expect(await refusal(() => alice.dependentToken(groupsScope))).toBeInstanceOf(UnauthorizedRequest)
    // And the provider has noticed: the caller's entry is gone before its time.
    expect(await refusal(() => auth.authenticate(token))).toBeInstanceOf(UnauthorizedRequest)
  })
})

describe('a grant for work that goes on without its caller', () => {
  test('comes with a refresh token, which gives new tokens after the caller is gone', async () => {
    await consent('alice')
    const auth = globus.auth()
    const token = await globus.token('alice')
    const granted = await auth.grantDependentToken(token, transferScope)
    expect(granted).toMatchObject({ scope: transferScope, refresh_token: expect.any(String) })
    await globus.emulator.revoke({ token })
    await globus.emulator.expire({ username: 'alice' })
    const refreshed = await auth.refreshDependentToken(granted)
    expect(refreshed).toMatchObject({
      scope: transferScope,
      resource_server: granted.resource_server,
      refresh_token: granted.refresh_token,
    })
    expect(refreshed.access_token).not.toBe(granted.access_token)
    expect(refreshed).not.toHaveProperty('lifetime')
  })

  test('asks for its scope alone, offline', async () => {
    const forms: string[] = []
    const telling: typeof fetch = (url, init) => {
      forms.push(String(init?.body))
      return fetch(url, init)
    }
    const token = await globus.token('alice')
    await globus.auth({ fetch: telling }).grantDependentToken(token, groupsScope)
    expect(forms.map((form) => Object.fromEntries(new URLSearchParams(form)))).toEqual([
      {
        grant_type: 'urn:globus:auth:grant_type:dependent_token',
        token,
        scope: groupsScope,
        access_type: 'offline',
      },
    ])
  })

  test.each([
    ['keeps', undefined, 'Ag0refresh'],
    ['changes', 'Ag0newer', 'Ag0newer'],
  ])('%s its refresh token as Globus says', async (_, refresh_token, expected) => {
    const answer = { access_token: 'Ag0new', scope: 's', resource_server: 'r', expires_in: 60, refresh_token }
    const server = await serveInstead((_request, response) => response.end(JSON.stringify(answer)))
    const old = { access_token: 'Ag0old', scope: 's', resource_server: 'r', expires_at: 0 }
    const auth = globus.auth({ authUrl: server.url })
    const refreshed = await auth.refreshDependentToken({ ...old, refresh_token: 'Ag0refresh' })
    expect(refreshed).toMatchObject({ access_token: 'Ag0new', refresh_token: expected })
    await server.close()
  })

  test('is made anew each time, and never taken from what requests remember', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    await (await auth.authenticate(token)).dependentToken(groupsScope)
    const asked = await globus.asked(async () => {
      await auth.grantDependentToken(token, groupsScope)
      await auth.grantDependentToken(token, groupsScope)
    })
    expect(asked).toEqual({ dependent_token: 2 })
  })

  test('needs consent, by name', async () => {
    const token = await globus.token('alice')
    const error = await refusal(() => globus.auth().grantDependentToken(token, transferScope))
    expect(error).toBeInstanceOf(ConsentRequired)
    expect(error).toMatchObject({ required_scope: transferScope })
  })

  test('names a scope that nobody has registered as one to consent to, not as an outage', async () => {
    const unknown = 'https://auth.globus.org/scopes/00000000-0000-4000-8000-00000000dead/none'
    const token = await globus.token('alice')
    const error = await refusal(() => globus.auth().grantDependentToken(token, unknown))
    expect(error).toMatchObject({ code: 'ConsentRequired', required_scope: unknown })
  })

  test.each(['', 'Ag0unknown', 'two words'])('is refused for the token "%s"', async (token) => {
    const error = await refusal(() => globus.auth().grantDependentToken(token, groupsScope))
    expect(error).toBeInstanceOf(UnauthorizedRequest)
  })

  test('ends when the consent is withdrawn, and does not revive with a new one', async () => {
    await consent('alice')
    const auth = globus.auth()
    const granted = await auth.grantDependentToken(await globus.token('alice'), transferScope)
    await rescind('alice')
    expect(await refusal(() => auth.refreshDependentToken(granted))).toBeInstanceOf(UnauthorizedRequest)
    await consent('alice')
    expect(await refusal(() => auth.refreshDependentToken(granted))).toBeInstanceOf(UnauthorizedRequest)
  })

  test('cannot be refreshed without a refresh token, and Globus Auth is not asked', async () => {
    const auth = globus.auth()
    const alice = await auth.authenticate(await globus.token('alice'))
    const token = await alice.dependentToken(groupsScope)
    const asked = await globus.asked(async () => {
      expect(await refusal(() => auth.refreshDependentToken(token))).toBeInstanceOf(UnauthorizedRequest)
    })
    expect(asked).toEqual({})
  })
})

import { authorization } from '@globus/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConsentRequired, connect, UnauthorizedRequest } from '../../src/client/index.ts'
import { defineActionProvider } from '../../src/index.ts'
import { type Served, serveForTest } from '../served.ts'

const echo = defineActionProvider({
  description: { title: 'Echo', admin_contact: 'me@example.org', synchronous: true },
  input: { type: 'object', properties: { text: { type: 'string' } } },
  run: ({ input }) => ({ you_said: input.text }),
})

let served: Served
beforeAll(async () => {
  served = await serveForTest(echo)
})
afterAll(() => served.close())

/** Keeps entries as the storage's own properties, as a browser's does and the SDK relies on. */
function storage(): Storage {
  return Object.create({
    getItem(this: Record<string, string>, key: string) {
      return this[key] ?? null
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key]
    },
  })
}

function managerWith(tokens: Record<string, string>) {
  const manager = authorization.create({
    client: 'client',
    redirect: 'http://localhost',
    storage: storage(),
    scopes: '',
  })
  for (const [scope, access_token] of Object.entries(tokens))
    manager.tokens.add({
      access_token,
      scope,
      expires_in: 3600,
      token_type: 'Bearer',
      resource_server: `server of ${scope}`,
      refresh_token: 'refresh',
    })
  return manager
}

test('takes the token of the scope that the program names, and no other', async () => {
  const alice = served.auth.caller({ username: 'alice' })
  const { scope } = served.auth
  const manager = managerWith({ 'another:scope': 'another-token', [scope]: alice.token })
  const provider = connect<typeof echo>(`${served.url}/p`, { manager, scope })
  expect((await provider.run({ text: 'hey' })).latest).toMatchObject({ details: { you_said: 'hey' } })
  const other = connect(`${served.url}/p`, { manager, scope: 'a:third:scope' })
  await expect(other.run({})).rejects.toMatchObject({
    constructor: ConsentRequired,
    required_scope: 'a:third:scope',
  })
})

test('has a token refreshed that is refused', async () => {
  const alice = served.auth.caller({ username: 'alice' })
  const { scope } = served.auth
  const manager = managerWith({ [scope]: 'expired-token' })
  let fresh = alice.token
  manager.refreshToken = async (token) => {
    const refreshed = { ...token, access_token: fresh, state: '' }
    manager.tokens.add(refreshed)
    return refreshed
  }
  const provider = connect<typeof echo>(`${served.url}/p`, { manager, scope })
  expect((await provider.run({ text: 'hey' })).latest).toMatchObject({ status: 'SUCCEEDED' })
  fresh = 'no-better'
  served.auth.revoke(alice)
  await expect(provider.run({ text: 'hey' })).rejects.toThrow(UnauthorizedRequest)
})

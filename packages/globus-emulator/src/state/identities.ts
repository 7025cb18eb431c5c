import type { Client, Identity, State } from './state.ts'

/** The identity provider of seeded users; any uuid will do, this one is Globus ID's. */
export const usersProvider = '41143743-f3c8-4d60-bbdb-eeecaba85bd9'
const clientsProvider = '3b8a6d57-5f6e-4a6c-9d0a-8b0f1e6f7c21'

/**
 * Finds an identity by id, user name, or the part of a user name before the `@` where that means one account.
 */
export function findIdentity(state: State, key: string): Identity | undefined {
  const all = [...state.identities.values()]
  const exact = state.identities.get(key) ?? all.find(({ username }) => username === key)
  if (exact || key.includes('@')) return exact
  const short = all.filter(({ username }) => username.startsWith(`${key}@`))
  return short.every(({ account }) => account === short[0]?.account) ? short[0] : undefined
}

/** The identity and those linked with it, itself first. */
export function identitySet(state: State, identity: Identity): Identity[] {
  const linked = [...state.identities.values()].filter(
    ({ id, account }) => account === identity.account && id !== identity.id,
  )
  return [identity, ...linked]
}

/** A client that can keep a secret can also act as itself, under an identity with its own id. */
export function addClientIdentity(state: State, client: Client): void {
  state.identities.set(client.id, {
    id: client.id,
    username: `${client.id}@clients.auth.globus.org`,
    name: client.name,
    email: null,
    organization: null,
    identity_provider: clientsProvider,
    identity_type: 'client',
    account: client.id,
  })
}

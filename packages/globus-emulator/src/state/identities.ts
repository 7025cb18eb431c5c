import type { Client, Identity, State } from './state.ts'

type IdentityProvider = {
  id: string
  name: string
  short_name: string
  alternative_names: string[]
  domains: string[]
}

const usersProvider = '41143743-f3c8-4d60-bbdb-eeecaba85bd9'
const clientsProvider = '3a74877b-e2a3-44b1-8958-ede1031b1827'

/**
 * Finds an identity by its id, its user name, or the part of that before the `@` if only one account has it.
 */
export function findIdentity(state: State, key: string): Identity | undefined {
  const all = [...state.identities.values()]
  const exact = state.identities.get(key) ?? all.find(({ username }) => username === key)
  if (exact || key.includes('@')) return exact
  const short = all.filter(({ username }) => username.startsWith(`${key}@`))
  return short.every(({ account }) => account === short[0]?.account) ? short[0] : undefined
}

/** The identity and those linked with it, the identity itself first. */
export function identitySet(state: State, identity: Identity): Identity[] {
  const linked = [...state.identities.values()].filter(
    ({ id, account }) => account === identity.account && id !== identity.id,
  )
  return [identity, ...linked]
}

/** Adds the identity with which a client acts as itself. It has the id of the client. */
export function addClientIdentity(state: State, client: Client): void {
  state.identities.set(client.id, {
    id: client.id,
    username: `${client.id}@clients.auth.globus.org`,
    name: client.name,
    email: null,
    organization: null,
    identity_provider: clientsProvider,
    identity_type: null,
    status: 'used',
    account: client.id,
  })
}

/** Adds the identity of a person, linked with `account` if that is given. */
export function addIdentity(
  state: State,
  { account, ...given }: Pick<Identity, 'id' | 'username'> & Partial<Identity>,
): Identity {
  const identity: Identity = {
    name: null,
    email: null,
    organization: null,
    identity_provider: usersProvider,
    identity_type: 'login',
    status: 'used',
    ...given,
    account: account ?? given.id,
  }
  state.identities.set(identity.id, identity)
  return identity
}

/** The people who can log in. */
export function users(state: State): Identity[] {
  return [...state.identities.values()].filter(
    ({ identity_type, status }) => identity_type === 'login' && status === 'used',
  )
}

/** The identity providers: one for all users, one for clients. */
export function identityProviders(state: State): IdentityProvider[] {
  const domains = users(state).map(({ username }) => username.replace(/.*@/, ''))
  return [
    {
      id: usersProvider,
      name: 'Globus emulator',
      short_name: 'emulator',
      alternative_names: [],
      domains: [...new Set(domains)],
    },
    {
      id: clientsProvider,
      name: 'Globus Auth clients',
      short_name: 'clients.auth.globus.org',
      alternative_names: [],
      domains: ['clients.auth.globus.org'],
    },
  ]
}

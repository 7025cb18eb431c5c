import { addClient, addCredential, credentialsOf } from './clients.ts'
import { addScope, findScope, scopeString } from './scopes.ts'
import { derivedUuid } from './secrets.ts'
import type { Client, DependentScope, State } from './state.ts'

export type Registration = {
  name: string
  client_id?: string
  client_secret?: string
  type?: 'confidential' | 'native'
  redirect_uris?: string[]
  scopes?: { suffix: string; name?: string; dependents?: string[] }[]
}

export type Registered = { client_id: string; client_secret: string; scopes: string[] }

/** A registration that asks for something impossible. */
export class RegistrationError extends Error {
  constructor(problem: string) {
    super(problem)
    this.name = 'RegistrationError'
  }
}

/**
 * Registers a client with its scopes, or brings one that is known by its id or name up to date: who registers
 * again gets the same id, secret and scopes.
 *
 * @returns the client's id, its secret (empty for a native client) and its scope strings, in the order given
 * @throws RegistrationError when a dependent scope is not registered
 */
export function registerClient(state: State, registration: Registration): Registered {
  const client = knownClient(state, registration) ?? newClient(state, registration)
  client.name = registration.name
  if (registration.redirect_uris) client.redirect_uris = registration.redirect_uris
  const secret = registration.type === 'native' ? '' : secretOf(state, client, registration.client_secret)
  const scopes = (registration.scopes ?? []).map(({ suffix, name, dependents }) => {
    const text = scopeString(client, suffix)
    const fields = {
      name: name ?? `${registration.name}: ${suffix}`,
      dependent_scopes: (dependents ?? []).map((dependent) => dependentScope(state, dependent)),
    }
    const known = findScope(state, text)
    if (known) Object.assign(known, fields)
    else
      addScope(state, client, {
        ...fields,
        id: derivedUuid('scope', text),
        scope_string: text,
        advertised: true,
      })
    return text
  })
  return { client_id: client.id, client_secret: secret, scopes }
}

function knownClient(state: State, { client_id, name }: Registration): Client | undefined {
  if (client_id !== undefined) return state.clients.get(client_id)
  return [...state.clients.values()].find((client) => client.name === name)
}

function newClient(state: State, { client_id, name, type }: Registration): Client {
  return addClient(state, {
    name,
    ...(client_id === undefined ? {} : { id: client_id }),
    ...(type === 'native' ? { client_type: 'public_installed_client' } : {}),
  })
}

function secretOf(state: State, client: Client, wanted: string | undefined): string {
  const known = credentialsOf(state, client)
  const kept = wanted === undefined ? known[0] : known.find(({ secret }) => secret === wanted)
  const fields = { name: 'registered', ...(wanted === undefined ? {} : { secret: wanted }) }
  return (
    kept ??
    addCredential(state, client, { id: derivedUuid('credential', client.id, wanted ?? ''), ...fields })
  ).secret
}

function dependentScope(state: State, text: string): DependentScope {
  const optional = text.startsWith('*')
  const scope = findScope(state, optional ? text.slice(1) : text)
  if (!scope) throw new RegistrationError(`the dependent scope ${text} is not registered; register it first`)
  return { scope: scope.id, optional, requires_refresh_token: false }
}

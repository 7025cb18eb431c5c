import { type Static, Type } from 'typebox'
import { addClient, addCredential, credentialsOf } from './clients.ts'
import { removeConsents } from './consents.ts'
import { addScope, findScope, scopeString } from './scopes.ts'
import { derivedUuid } from './secrets.ts'
import type { Client, DependentScope, Scope, State } from './state.ts'

/** The fields of a client that the seed and the administration share. */
export const clientFields = {
  name: Type.String({ minLength: 1 }),
  /** A native client has no secret and must use PKCE. */
  type: Type.Optional(Type.Enum(['confidential', 'native'])),
  redirect_uris: Type.Optional(Type.Array(Type.String())),
  /** What tokens for its scopes name as `resource_server`; the id of the client without it. */
  resource_server: Type.Optional(Type.String({ minLength: 1 })),
  scopes: Type.Optional(
    Type.Array(
      Type.Object(
        {
          suffix: Type.String({ minLength: 1 }),
          name: Type.Optional(Type.String()),
          /** Scope strings; a leading `*` marks an optional one. */
          dependents: Type.Optional(Type.Array(Type.String())),
        },
        { additionalProperties: false },
      ),
    ),
  ),
}

export const Registration = Type.Object(
  {
    ...clientFields,
    client_id: Type.Optional(Type.String({ minLength: 1 })),
    client_secret: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

export type Registration = Static<typeof Registration>

export type Registered = { client_id: string; client_secret: string; scopes: string[] }

/**
 * Registers a client with its scopes, or updates the client that has this id or name: who registers again
 * gets the same id, secret and scopes.
 *
 * @returns the id of the client, its secret (empty for a native client) and its scope strings, in the order
 * given
 * @throws Error when a dependent scope is not registered
 */
export function registerClient(state: State, registration: Registration): Registered {
  const client = knownClient(state, registration) ?? newClient(state, registration)
  client.name = registration.name
  if (registration.redirect_uris) client.redirect_uris = registration.redirect_uris
  if (registration.resource_server) client.resource_server = registration.resource_server
  const secret = registration.type === 'native' ? '' : secretOf(state, client, registration.client_secret)
  const scopes = (registration.scopes ?? []).map(({ suffix, name, dependents }) => {
    const text = scopeString(client, suffix)
    const fields = {
      name: name ?? `${registration.name}: ${suffix}`,
      dependent_scopes: (dependents ?? []).map((dependent) => dependentScope(state, dependent)),
    }
    const known = findScope(state, text)
    if (known) Object.assign(known, fields)
    else {
      const id = derivedUuid('scope', text)
      addScope(state, client, { ...fields, id, scope_string: text, advertised: true })
    }
    return text
  })
  return { client_id: client.id, client_secret: secret, scopes }
}

/** Removes a client with its identity, credentials and scopes, and all consents that name any of them. */
export function removeClient(state: State, client: Client): void {
  for (const scope of state.scopes.values()) if (scope.client === client.id) removeScope(state, scope)
  for (const { id } of credentialsOf(state, client)) state.credentials.delete(id)
  removeConsents(state, (consent) => consent.client === client.id || consent.identity === client.id)
  state.identities.delete(client.id)
  state.clients.delete(client.id)
}

/** Removes a scope with the consents to it. Scopes that depend on it no longer do. */
export function removeScope(state: State, scope: Scope): void {
  state.scopes.delete(scope.id)
  for (const other of state.scopes.values()) {
    other.dependent_scopes = other.dependent_scopes.filter((dependent) => dependent.scope !== scope.id)
  }
  removeConsents(state, (consent) => consent.scope === scope.id)
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
  const id = derivedUuid('credential', client.id, wanted ?? '')
  return (kept ?? addCredential(state, client, { id, ...fields })).secret
}

function dependentScope(state: State, text: string): DependentScope {
  const optional = text.startsWith('*')
  const scope = findScope(state, optional ? text.slice(1) : text)
  if (!scope) throw new Error(`the dependent scope ${text} is not registered; register it first`)
  return { scope: scope.id, optional, requires_refresh_token: false }
}

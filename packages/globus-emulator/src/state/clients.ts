import { randomUUID } from 'node:crypto'
import { addClientIdentity } from './identities.ts'
import { randomText, sameSecret } from './secrets.ts'
import { type Client, type Credential, type State, timestamp } from './state.ts'

/** Whether a client is public: a native or a browser application cannot keep a secret. */
export function isPublic(client: Client): boolean {
  return client.client_type === 'public_installed_client' || client.client_type === 'public_webapp_client'
}

/**
 * Adds a client, with its identity if it can have one. Fields that are left out get the defaults of Globus.
 */
export function addClient(state: State, given: Partial<Client> & Pick<Client, 'name'>): Client {
  const id = given.id ?? randomUUID()
  const client: Client = {
    client_type: 'hybrid_confidential_client_resource_server',
    resource_server: id,
    project: null,
    parent_client: null,
    redirect_uris: [],
    visibility: 'private',
    links: { privacy_policy: null, terms_and_conditions: null },
    required_idp: null,
    preselect_idp: null,
    fqdns: [],
    prompt_for_named_grant: true,
    userinfo_from_effective_identity: true,
    ...given,
    id,
  }
  state.clients.set(id, client)
  if (!isPublic(client)) addClientIdentity(state, client)
  return client
}

/** Whether a client is native, or an instance of a native one: a copy with a secret of its own. */
export function isNative(state: State, client: Client): boolean {
  const template = state.clients.get(client.parent_client ?? '')
  return isPublic(client) || (template !== undefined && isPublic(template))
}

/** Gives a client another secret. */
export function addCredential(
  state: State,
  client: Client,
  given: Partial<Credential> & Pick<Credential, 'name'>,
): Credential {
  const credential = {
    id: randomUUID(),
    client: client.id,
    created: timestamp(),
    secret: randomText(44),
    ...given,
  }
  state.credentials.set(credential.id, credential)
  return credential
}

export function credentialsOf(state: State, client: Client): Credential[] {
  return [...state.credentials.values()].filter((credential) => credential.client === client.id)
}

/**
 * Whether a credential of the client has this secret. Compares all, so that the time it takes reveals
 * nothing.
 */
export function hasSecret(state: State, client: Client, secret: string): boolean {
  return credentialsOf(state, client).filter((credential) => sameSecret(secret, credential.secret)).length > 0
}

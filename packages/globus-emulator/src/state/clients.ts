import { randomUUID } from 'node:crypto'
import { addClientIdentity } from './identities.ts'
import { randomText, sameSecret } from './secrets.ts'
import { type Client, type Credential, type State, timestamp } from './state.ts'

/** Native and browser applications keep no secret. */
export function isPublic(client: Client): boolean {
  return client.client_type === 'public_installed_client' || client.client_type === 'public_webapp_client'
}

/** Adds a client (and, where it can have one, its identity). What is left out gets Globus's defaults. */
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

/** Gives a client a further secret. */
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

/** Whether any of the client's credentials has this secret. Looks at all of them, so that time tells nothing. */
export function hasSecret(state: State, client: Client, secret: string): boolean {
  return credentialsOf(state, client).filter((credential) => sameSecret(secret, credential.secret)).length > 0
}

/** Removes a client with everything that hangs on it. */
export function removeClient(state: State, client: Client): void {
  for (const scope of state.scopes.values()) if (scope.client === client.id) state.scopes.delete(scope.id)
  for (const { id } of credentialsOf(state, client)) state.credentials.delete(id)
  state.identities.delete(client.id)
  state.clients.delete(client.id)
}

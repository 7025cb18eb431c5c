import { isPublic } from '../state/clients.ts'
import type { Client, Consent, Credential, Group, Identity, Project, State } from '../state/state.ts'

export function identityDocument(identity: Identity): object {
  const { account: _, ...document } = identity
  return document
}

export function projectDocument(state: State, project: Project): object {
  const { admin_ids, admin_group_ids } = project
  return {
    ...project,
    admin_ids: admin_ids.length > 0 ? admin_ids : null,
    admin_group_ids: admin_group_ids.length > 0 ? admin_group_ids : null,
    admins: {
      identities: admin_ids.flatMap((id) => state.identities.get(id) ?? []).map(identityDocument),
      groups: admin_group_ids.flatMap((id) => state.groups.get(id) ?? []).map(adminGroup),
    },
  }
}

export function clientDocument(state: State, client: Client): object {
  const { resource_server: _, ...document } = client
  return {
    ...document,
    public_client: isPublic(client),
    grant_types: isPublic(client)
      ? ['authorization_code', 'refresh_token']
      : [
          'authorization_code',
          'client_credentials',
          'refresh_token',
          'urn:globus:auth:grant_type:dependent_token',
        ],
    scopes: [...state.scopes.values()].filter((scope) => scope.client === client.id).map(({ id }) => id),
  }
}

/** A credential shows its secret once, in the answer that made it. */
export function credentialDocument(credential: Credential): object {
  return { ...credential, secret: null }
}

export function consentDocument(state: State, consent: Consent): object {
  const { path, identity, label: _, ...document } = consent
  return {
    ...document,
    dependency_path: path,
    effective_identity: identity,
    scope_name: state.scopes.get(consent.scope)?.scope_string,
    status: 'approved',
  }
}

function adminGroup({ id, name, description }: Group): object {
  return { id, name, description, organization: null }
}

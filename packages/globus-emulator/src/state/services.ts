import { addClient } from './clients.ts'
import { addScope } from './scopes.ts'
import type { State } from './state.ts'

/** The one scope that an action provider's own scope depends on to learn its callers' groups. */
export const groupsScope = 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships'

/** The native client of this project's command line. */
export const commandLineClient = '2a7c1f04-6f0b-4a0e-9d3e-6f1b8c5d7e90'

/** Command lines that can log in here without being registered first. */
const commandLines = [
  { id: commandLineClient, name: 'Action Provider CLI' },
  // The id that globus-automate-client has built in.
  { id: 'e6c75d97-532a-4c88-b031-8584a319fa3e', name: 'Globus Automate Command Line Interface' },
]

/** Identity and scopes of Globus's own services, with the ids they have at Globus where these are published. */
const services = [
  {
    id: 'c1b6a5f2-0e2d-4f0c-9b6c-5a1d2e3f4a01',
    name: 'Globus Auth',
    resource_server: 'auth.globus.org',
    scopes: [
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a01', text: 'openid', name: 'Know who you are in Globus' },
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a02', text: 'email', name: 'Know your email address' },
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a03', text: 'profile', name: 'Know some details about you' },
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a04', suffix: 'manage_projects', name: 'Manage your projects' },
      {
        id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a05',
        suffix: 'view_authentications',
        name: 'View your logins',
      },
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a06', suffix: 'view_clients', name: 'View clients' },
      {
        id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a07',
        suffix: 'view_clients_and_scopes',
        name: 'View clients and scopes',
      },
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a08', suffix: 'view_consents', name: 'View your consents' },
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a09', suffix: 'manage_consents', name: 'Manage your consents' },
      { id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a0a', suffix: 'view_identities', name: 'View identities' },
      {
        id: '5f1b2a30-1c1a-4c62-8a55-0f6d4e1b7a0b',
        suffix: 'view_identity_set',
        name: 'View your linked identities',
      },
    ],
  },
  {
    id: '04896e9e-b98e-437e-becd-8084b9e234a0',
    name: 'Globus Groups',
    resource_server: 'groups.api.globus.org',
    scopes: [
      {
        id: '73320ffe-4cb4-4b25-a0a3-83d53d59ce4f',
        suffix: 'view_my_groups_and_memberships',
        name: 'View your groups and memberships',
      },
      {
        id: '73320ffe-4cb4-4b25-a0a3-83d53d59ce50',
        suffix: 'view_my_groups_and_membership',
        name: 'View your groups and memberships',
      },
      { id: '73320ffe-4cb4-4b25-a0a3-83d53d59ce51', suffix: 'all', name: 'Manage your groups' },
    ],
  },
  {
    id: '2fbdda78-a599-4cb5-ac3d-1fbcfbc6a754',
    name: 'Globus Transfer',
    resource_server: 'transfer.api.globus.org',
    scopes: [
      {
        id: '89ecabba-4acf-4e2e-a98d-ce592ccc2818',
        suffix: 'all',
        name: 'Transfer files with Globus Transfer',
      },
    ],
  },
] as const

/** Adds what every emulator knows: Globus's own services, and the command lines. */
export function addServices(state: State): void {
  for (const { scopes, ...service } of services) {
    const client = addClient(state, { ...service, client_type: 'resource_server', visibility: 'public' })
    for (const scope of scopes) {
      addScope(state, client, {
        id: scope.id,
        name: scope.name,
        scope_string:
          'text' in scope ? scope.text : `urn:globus:auth:scope:${service.resource_server}:${scope.suffix}`,
        advertised: true,
      })
    }
  }
  for (const client of commandLines) {
    addClient(state, { ...client, client_type: 'public_installed_client', visibility: 'public' })
  }
}

import { addClient } from './clients.ts'
import { addScope, scopeString } from './scopes.ts'
import { derivedUuid } from './secrets.ts'
import type { State } from './state.ts'

/**
 * The scope that the scope of an action provider depends on, with which it reads the groups of its callers.
 */
export const groupsScope = 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships'

/** The native client of this project's command line. */
export const commandLineClient = '2a7c1f04-6f0b-4a0e-9d3e-6f1b8c5d7e90'

/** The native client of this project's console. */
export const consoleClient = '5d0c9a52-3f7e-4c1b-8a64-2e9b7d1f0c38'

/** The native clients of command lines and of the console, with the ids that these have built in. */
const natives = [
  { id: commandLineClient, name: 'Action Provider CLI' },
  { id: consoleClient, name: 'Action Provider Console' },
  { id: 'e6c75d97-532a-4c88-b031-8584a319fa3e', name: 'Globus Automate Command Line Interface' },
  // globus-cli makes an instance of this one, with a secret of its own, before it logs in.
  { id: '95fdeba8-fac2-42bd-a357-e068d82ff78e', name: 'Globus CLI' },
]

type GlobusService = {
  id: string
  name: string
  resource_server: string
  /** Whether its scope strings hold the id of the client, like those of any registered client. */
  registered?: boolean
  /** The names of its scopes by suffix. */
  scopes: Record<string, string>
}

/** The services of Globus. Where Globus publishes an id, it is used. */
const services: GlobusService[] = [
  {
    id: 'c1b6a5f2-0e2d-4f0c-9b6c-5a1d2e3f4a01',
    name: 'Globus Auth',
    resource_server: 'auth.globus.org',
    scopes: {
      openid: 'Know who you are in Globus',
      email: 'Know your email address',
      profile: 'Know some details about you',
      manage_projects: 'Manage your projects',
      view_authentications: 'View your logins',
      view_clients: 'View clients',
      view_clients_and_scopes: 'View clients and scopes',
      view_consents: 'View your consents',
      manage_consents: 'Manage your consents',
      view_identities: 'View identities',
      view_identity_set: 'View your linked identities',
    },
  },
  {
    id: '04896e9e-b98e-437e-becd-8084b9e234a0',
    name: 'Globus Groups',
    resource_server: 'groups.api.globus.org',
    scopes: {
      view_my_groups_and_memberships: 'View your groups and memberships',
      view_my_groups_and_membership: 'View your groups and memberships',
      all: 'Manage your groups',
    },
  },
  {
    id: '2fbdda78-a599-4cb5-ac3d-1fbcfbc6a754',
    name: 'Globus Transfer',
    resource_server: 'transfer.api.globus.org',
    scopes: { all: 'Transfer files with Globus Transfer' },
  },
  {
    id: derivedUuid('service', 'search.api.globus.org'),
    name: 'Globus Search',
    resource_server: 'search.api.globus.org',
    scopes: {
      all: 'Search, and manage your indexes',
      search: 'Search with Globus Search',
      ingest: 'Add data to your indexes',
    },
  },
  {
    id: '524230d7-ea86-4a52-8312-86065a9e0417',
    name: 'Globus Timers',
    resource_server: '524230d7-ea86-4a52-8312-86065a9e0417',
    registered: true,
    scopes: { timer: 'Set timers' },
  },
  {
    id: 'eec9b274-0c81-4334-bdc2-54e90e689b9a',
    name: 'Globus Flows',
    resource_server: 'flows.globus.org',
    registered: true,
    scopes: {
      all: 'Manage your flows and their runs',
      manage_flows: 'Manage your flows',
      view_flows: 'View your flows',
      run: 'Run flows',
      run_status: 'View your runs of flows',
      run_manage: 'Manage your runs of flows',
    },
  },
]

const standardScopes = ['openid', 'email', 'profile']
const publishedIds: Record<string, string> = {
  [groupsScope]: '73320ffe-4cb4-4b25-a0a3-83d53d59ce4f',
  'urn:globus:auth:scope:transfer.api.globus.org:all': '89ecabba-4acf-4e2e-a98d-ce592ccc2818',
}

/** Adds the records of every emulator: the services of Globus, and the native clients. */
export function addServices(state: State): void {
  for (const { scopes, registered, ...service } of services) {
    const client = addClient(state, { ...service, client_type: 'resource_server', visibility: 'public' })
    for (const [suffix, name] of Object.entries(scopes)) {
      const urn = `urn:globus:auth:scope:${client.resource_server}:${suffix}`
      const named = registered ? scopeString(client, suffix) : urn
      const scope_string = standardScopes.includes(suffix) ? suffix : named
      const id = publishedIds[scope_string] ?? derivedUuid('scope', scope_string)
      addScope(state, client, { id, name, scope_string, advertised: true })
    }
  }
  for (const client of natives) {
    addClient(state, { ...client, client_type: 'public_installed_client', visibility: 'public' })
  }
}

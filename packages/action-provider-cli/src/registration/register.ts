import { basicAuthorization } from '../auth/grants.ts'
import { scopes } from '../auth/scopes.ts'
import { exchange } from '../client/http.ts'
import { unavailableError, usageError } from '../errors.ts'
import { keepSecret } from '../output/masking.ts'
import { printable } from '../output/printable.ts'
import type { Session } from '../session.ts'
import type { AuthApi, Client, Project, Scope } from './auth-api.ts'

/** The wanted registration of a provider. */
export type Registration = {
  name: string
  suffix: string
  /** A project's id or name. */
  project: string | undefined
  redirectUris: string[] | undefined
  /** The existing client, if known. */
  clientId: string | undefined
}

/** Finds the client by its id or name and updates it, or creates it. */
export async function registerClient(
  session: Session,
  api: AuthApi,
  registration: Registration,
): Promise<Client> {
  const known = await knownClient(api, registration)
  if (known === undefined) {
    const project = session.client ? undefined : await projectFor(session, api, registration)
    const client = await api.createClient({
      name: registration.name,
      client_type: 'hybrid_confidential_client_resource_server',
      redirect_uris: registration.redirectUris ?? [],
      ...(project && { project: project.id }),
    })
    session.terminal.say(`Created the client ${client.id}`)
    return client
  }
  const redirectUris = registration.redirectUris ?? known.redirect_uris
  if (known.name === registration.name && String(known.redirect_uris) === String(redirectUris)) return known
  session.terminal.say(`Updated the client ${known.id}`)
  return api.updateClient(known.id, { name: registration.name, redirect_uris: redirectUris })
}

async function knownClient(
  api: AuthApi,
  { clientId, name, project }: Registration,
): Promise<Client | undefined> {
  if (clientId !== undefined) {
    const client = await api.client(clientId)
    if (client) return client
    throw usageError(
      `Globus Auth knows no client ${printable(clientId)} of yours: take CLIENT_ID out of the .env file to register a new one, or log in as its owner`,
    )
  }
  const named = (await api.clients()).filter(
    (client) => client.name === name && (project === undefined || client.project === project),
  )
  if (named.length <= 1) return named[0]
  throw usageError(
    `You have several clients called ${name}: give --client ${named.map(({ id }) => id).join(' or ')}`,
  )
}

/** Finds the project of a new client: the named one, the only one, or a new one. */
async function projectFor(
  { store, terminal }: Session,
  api: AuthApi,
  { project, name }: Registration,
): Promise<Project> {
  const projects = await api.projects()
  if (project !== undefined) {
    const found = projects.filter(({ id, display_name }) => id === project || display_name === project)
    if (found[0] && found.length === 1) return found[0]
    throw usageError(
      found.length === 0
        ? `You have no project ${project}: ${choices(projects)}`
        : `Several are called ${project}: ${choices(found)}`,
    )
  }
  if (projects.length > 1) throw usageError(`Say which project the provider belongs to: ${choices(projects)}`)
  if (projects[0]) return projects[0]
  const { identity } = await store.read()
  if (identity?.email === undefined) {
    throw usageError(
      'You have no project, and no e-mail address to make one with: make one at https://app.globus.org/settings/developers',
    )
  }
  terminal.say(`Creating your first project, ${name}`)
  return api.createProject({ display_name: name, contact_email: identity.email, admin_ids: [identity.sub] })
}

function choices(projects: readonly Project[]): string {
  if (projects.length === 0) return 'leave --project out to make one'
  return `give --project ${projects.map(({ id, display_name }) => `${id} (${printable(display_name)})`).join(' or ')}`
}

/**
 * Creates or updates the scope of a client. It depends on the scope of Globus Groups, so that the provider
 * can read its callers' groups.
 */
export async function registerScope(
  { terminal }: Session,
  api: AuthApi,
  client: Client,
  { name, suffix }: Registration,
): Promise<Scope> {
  const [groups] = await api.scopesByName([scopes.viewGroups])
  if (groups === undefined)
    throw unavailableError('Globus Auth does not show the scope of Globus Groups: try again later')
  const dependency = { scope: groups.id, optional: false, requires_refresh_token: false }
  const text = `https://auth.globus.org/scopes/${client.id}/${suffix}`
  const known = (await api.scopesOf(client.id)).find(({ scope_string }) => scope_string === text)
  const words = {
    name: `Run actions of ${name}`,
    description: `Run and manage actions of ${name} on your behalf`,
  }
  if (known === undefined) {
    const scope = await api.createScope(client.id, {
      ...words,
      scope_suffix: suffix,
      advertised: true,
      allows_refresh_token: true,
      dependent_scopes: [dependency],
    })
    terminal.say(`Created the scope ${scope.scope_string}`)
    return scope
  }
  const depends = known.dependent_scopes.some(({ scope }) => scope === groups.id)
  if (depends && known.name === words.name) return known
  terminal.say(`Updated the scope ${known.scope_string}`)
  return api.updateScope(known.id, {
    ...words,
    dependent_scopes: depends ? known.dependent_scopes : [...known.dependent_scopes, dependency],
  })
}

/** Creates a secret of a client. Globus Auth shows it only now. */
export async function newSecret(api: AuthApi, client: Client): Promise<{ id: string; secret: string }> {
  const name = `action-provider ${new Date().toISOString().slice(0, 10)}`
  const { id, secret } = await api.createCredential(client.id, name)
  if (!secret)
    throw unavailableError(
      'Globus Auth made a secret and did not show it: run "action-provider provider rotate-secret"',
    )
  return { id, secret: keepSecret(secret) }
}

/** Whether Globus Auth accepts a secret of a client. */
export async function isSecretOf(
  { globus, terminal }: Session,
  client: Client,
  secret: string,
): Promise<boolean> {
  const answer = await exchange(
    {
      method: 'POST',
      url: new URL('v2/oauth2/token/introspect', globus.auth),
      headers: {
        authorization: basicAuthorization(client.id, secret),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'token=none',
    },
    terminal.trace,
  )
  if (answer.status === 200) return true
  if (answer.status === 401 || answer.status === 403) return false
  throw unavailableError(
    `Globus Auth cannot check the client's secret now (it answered ${answer.status}): try again later`,
  )
}

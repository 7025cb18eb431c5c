import { basicAuthorization } from '../auth/grants.ts'
import { scopes } from '../auth/scopes.ts'
import { exchange } from '../client/http.ts'
import { unavailableError, usageError } from '../errors.ts'
import { keepSecret } from '../output/masking.ts'
import { printable } from '../output/printable.ts'
import type { Session } from '../session.ts'
import type { AuthApi, Client, Project, Scope } from './auth-api.ts'

/** What a provider is registered as. */
export type Wish = {
  name: string
  suffix: string
  /** A project's id or name. */
  project: string | undefined
  redirectUris: string[] | undefined
  /** The client that is known already. */
  clientId: string | undefined
}

/** The client of this registration: the one that is known or has its name, brought up to date, or a new one. */
export async function registerClient(session: Session, api: AuthApi, wish: Wish): Promise<Client> {
  const known = await knownClient(api, wish)
  if (known === undefined) {
    const project = session.client ? undefined : await projectFor(session, api, wish)
    const client = await api.createClient({
      name: wish.name,
      client_type: 'hybrid_confidential_client_resource_server',
      redirect_uris: wish.redirectUris ?? [],
      ...(project && { project: project.id }),
    })
    session.terminal.say(`Created the client ${client.id}`)
    return client
  }
  const redirectUris = wish.redirectUris ?? known.redirect_uris
  if (known.name === wish.name && String(known.redirect_uris) === String(redirectUris)) return known
  session.terminal.say(`Updated the client ${known.id}`)
  return api.updateClient(known.id, { name: wish.name, redirect_uris: redirectUris })
}

async function knownClient(api: AuthApi, { clientId, name, project }: Wish): Promise<Client | undefined> {
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

/** The project that a new client belongs to: the one that is named, the only one there is, or a new one. */
async function projectFor(
  { store, terminal }: Session,
  api: AuthApi,
  { project, name }: Wish,
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

/** The scope of a client that its callers ask for, which depends on the one that tells their groups. */
export async function registerScope(
  { terminal }: Session,
  api: AuthApi,
  client: Client,
  { name, suffix }: Wish,
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

/** Makes a secret of a client, which Globus Auth shows this once. */
export async function newSecret(api: AuthApi, client: Client): Promise<{ id: string; secret: string }> {
  const name = `action-provider ${new Date().toISOString().slice(0, 10)}`
  const { id, secret } = await api.createCredential(client.id, name)
  if (!secret)
    throw unavailableError(
      'Globus Auth made a secret and did not show it: run "action-provider provider rotate-secret"',
    )
  return { id, secret: keepSecret(secret) }
}

/** Whether Globus Auth takes a secret for a client's. */
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

import type { Answer, Exchange } from 'action-provider-tools/client'
import { scopes } from '../auth/scopes.ts'
import { tokensFor } from '../auth/tokens.ts'
import { exchange } from '../client/http.ts'
import { refusedError, unavailableError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Session } from '../session.ts'

export type Project = { id: string; display_name: string }
export type Client = { id: string; name: string; project: string | null; redirect_uris: string[] }
export type DependentScope = { scope: string; optional: boolean; requires_refresh_token: boolean }
export type Scope = {
  id: string
  client: string
  name: string
  description: string
  scope_string: string
  dependent_scopes: DependentScope[]
}
export type Credential = { id: string; name: string; created: string; secret: string | null }

/** The part of Globus Auth's developer API that registering a provider needs. */
export type AuthApi = {
  projects(): Promise<Project[]>
  createProject(project: {
    display_name: string
    contact_email: string
    admin_ids: string[]
  }): Promise<Project>
  clients(): Promise<Client[]>
  client(id: string): Promise<Client | undefined>
  createClient(client: object): Promise<Client>
  updateClient(id: string, change: object): Promise<Client>
  scopesOf(clientId: string): Promise<Scope[]>
  scopesByName(scopeStrings: string[]): Promise<Scope[]>
  scopesById(ids: string[]): Promise<Scope[]>
  createScope(clientId: string, scope: object): Promise<Scope>
  updateScope(id: string, change: object): Promise<Scope>
  credentials(clientId: string): Promise<Credential[]>
  createCredential(clientId: string, name: string): Promise<Credential>
  deleteCredential(clientId: string, id: string): Promise<void>
}

/** Calls Globus Auth's API as the logged-in user. Refusals are thrown as CommandErrors. */
export function authApi({ globus, serviceTokens, terminal }: Session): AuthApi {
  const wanted = {
    scope: scopes.manageProjects,
    advice: `Registering needs a login that may manage your projects: action-provider login --action-scope ${scopes.manageProjects}`,
  }

  const token = tokensFor(serviceTokens, () => wanted)
  const send = (method: Exchange['method'], path: string, document?: object): Promise<Answer> =>
    exchange(
      {
        method,
        url: new URL(`v2/api/${path}`, globus.auth),
        token,
        ...(document && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(document),
        }),
      },
      terminal.trace,
    )

  /** Unwraps an answer, such as `{"client": {…}}`. */
  async function get<Document>(envelope: string, ...request: Parameters<typeof send>): Promise<Document> {
    const answer = await send(...request)
    const content = (answer.json as Record<string, unknown> | undefined)?.[envelope]
    if (answer.status !== 200 && answer.status !== 201) throw refusal(answer)
    if (content === undefined)
      throw unavailableError(`Globus Auth answered without "${envelope}": try again later`)
    return content as Document
  }

  const id = encodeURIComponent
  return {
    projects: () => get('projects', 'GET', 'projects'),
    createProject: (project) => get('project', 'POST', 'projects', { project }),
    clients: () => get('clients', 'GET', 'clients'),
    async client(clientId) {
      const answer = await send('GET', `clients/${id(clientId)}`)
      if (answer.status === 404) return undefined
      if (answer.status !== 200) throw refusal(answer)
      return (answer.json as { client: Client }).client
    },
    createClient: (client) => get('client', 'POST', 'clients', { client }),
    updateClient: (clientId, client) => get('client', 'PUT', `clients/${id(clientId)}`, { client }),
    scopesOf: (clientId) => get('scopes', 'GET', `clients/${id(clientId)}/scopes`),
    scopesByName: (names) => get('scopes', 'GET', `scopes?scope_strings=${names.map(id).join(',')}`),
    scopesById: async (ids) =>
      ids.length === 0 ? [] : get('scopes', 'GET', `scopes?ids=${ids.map(id).join(',')}`),
    createScope: (clientId, scope) => get('scope', 'POST', `clients/${id(clientId)}/scopes`, { scope }),
    updateScope: (scopeId, scope) => get('scope', 'PUT', `scopes/${id(scopeId)}`, { scope }),
    credentials: (clientId) => get('credentials', 'GET', `clients/${id(clientId)}/credentials`),
    createCredential: (clientId, name) =>
      get('credential', 'POST', `clients/${id(clientId)}/credentials`, { credential: { name } }),
    async deleteCredential(clientId, credentialId) {
      await get('credential', 'DELETE', `clients/${id(clientId)}/credentials/${id(credentialId)}`)
    },
  }
}

function refusal(answer: Answer): Error {
  const { errors } = (answer.json ?? {}) as { errors?: { code?: unknown; detail?: unknown }[] }
  const [first] = Array.isArray(errors) ? errors : []
  const words = first ? printable(`${first.code}: ${first.detail}`) : `it answered ${answer.status}`
  if (answer.status >= 500 || answer.status === 429) {
    return unavailableError(`Globus Auth is not available (${words}): try again later`)
  }
  return refusedError(`Globus Auth refuses (${words}): "action-provider whoami" shows who you are`)
}

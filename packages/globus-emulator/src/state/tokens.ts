import { digest, randomText } from './secrets.ts'
import {
  type Client,
  type Consent,
  type Identity,
  type Login,
  type Scope,
  type State,
  seconds,
  type Token,
  timestamp,
} from './state.ts'

/** A valid token, with the records that it refers to. */
export type LiveToken = Token & {
  owner: Identity
  issuedTo: Client
  resourceServer: Client
  grants: (Consent & { scopeRecord: Scope })[]
}

/** A token as the token endpoint answers it. */
export type TokenDocument = {
  access_token: string
  scope: string
  expires_in: number
  token_type: 'Bearer'
  resource_server: string
  refresh_token?: string
}

type Issue = {
  client: Client
  identity: string
  consents: readonly Consent[]
  lifetime: number
  offline: boolean
  login: Login | null
}

/**
 * Issues tokens for these consents: an access token for each resource server among their scopes, each with a
 * refresh token when `offline`.
 */
export function issueTokens(state: State, issue: Issue): TokenDocument[] {
  const byServer = Map.groupBy(issue.consents, (consent) => state.scopes.get(consent.scope)?.client)
  return [...byServer].flatMap(([server, consents]) => {
    const resourceServer = state.clients.get(server ?? '')
    return resourceServer ? [issueOne(state, issue, resourceServer, consents)] : []
  })
}

/** Issues another access token for a refresh token, which stays valid. */
export function refreshToken(state: State, text: string, token: LiveToken, lifetime: number): TokenDocument {
  return {
    ...issueAccess(
      state,
      { ...token, refreshed_by: digest(text) },
      token.resourceServer,
      token.grants,
      lifetime,
    ),
    refresh_token: text,
  }
}

/** The token with this text, if it is known and not expired, and its consents still exist. */
export function findToken(state: State, text: string, kind?: Token['kind']): LiveToken | undefined {
  const token = state.tokens.get(digest(text))
  if (!token || (kind && token.kind !== kind)) return undefined
  if (token.expires_at !== null && token.expires_at <= seconds()) return undefined
  const owner = state.identities.get(token.identity)
  const issuedTo = state.clients.get(token.client)
  const resourceServer = state.clients.get(token.resource_server)
  const grants = token.consents.flatMap((id) => {
    const consent = state.consents.get(id)
    const scopeRecord = consent && state.scopes.get(consent.scope)
    return scopeRecord ? [{ ...consent, scopeRecord }] : []
  })
  if (!owner || !issuedTo || !resourceServer || grants.length < token.consents.length) return undefined
  return { ...token, owner, issuedTo, resourceServer, grants }
}

/** Revokes a token; with a refresh token, the access tokens that came from it too. */
export function revokeToken(state: State, text: string): void {
  const key = digest(text)
  state.tokens.delete(key)
  for (const [other, token] of state.tokens) {
    if (token.refreshed_by === key) state.tokens.delete(other)
  }
}

/** The scopes that a token carries, separated by spaces. */
export function scopeText(token: LiveToken): string {
  return token.grants.map(({ scopeRecord }) => scopeRecord.scope_string).join(' ')
}

function issueOne(state: State, issue: Issue, resourceServer: Client, consents: Consent[]): TokenDocument {
  const base = { client: issue.client.id, identity: issue.identity, login: issue.login }
  const refreshable = consents.every(({ scope }) => state.scopes.get(scope)?.allows_refresh_token)
  if (!issue.offline || !refreshable) {
    return issueAccess(state, { ...base, refreshed_by: null }, resourceServer, consents, issue.lifetime)
  }
  const refresh = `Ag${randomText(90)}`
  state.tokens.set(digest(refresh), {
    kind: 'refresh',
    ...base,
    resource_server: resourceServer.id,
    consents: consents.map(({ id }) => id),
    refreshed_by: null,
    issued_at: seconds(),
    expires_at: null,
  })
  const access = issueAccess(
    state,
    { ...base, refreshed_by: digest(refresh) },
    resourceServer,
    consents,
    issue.lifetime,
  )
  return { ...access, refresh_token: refresh }
}

function issueAccess(
  state: State,
  { client, identity, refreshed_by, login }: Pick<Token, 'client' | 'identity' | 'refreshed_by' | 'login'>,
  resourceServer: Client,
  consents: readonly Consent[],
  lifetime: number,
): TokenDocument {
  const text = `Ag${randomText(90)}`
  for (const { id } of consents) {
    const consent = state.consents.get(id)
    if (consent) consent.last_used = timestamp()
  }
  state.tokens.set(digest(text), {
    kind: 'access',
    client,
    identity,
    resource_server: resourceServer.id,
    consents: consents.map(({ id }) => id),
    refreshed_by,
    login,
    issued_at: seconds(),
    expires_at: seconds() + lifetime,
  })
  return {
    access_token: text,
    scope: consents.map((consent) => state.scopes.get(consent.scope)?.scope_string).join(' '),
    expires_in: lifetime,
    token_type: 'Bearer',
    resource_server: resourceServer.resource_server,
  }
}

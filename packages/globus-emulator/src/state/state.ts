import type { JWK } from 'jose'

/** Everything the emulator knows, as plain records: a state file holds them as they are. */
export type State = {
  identities: Map<string, Identity>
  projects: Map<string, Project>
  clients: Map<string, Client>
  credentials: Map<string, Credential>
  scopes: Map<string, Scope>
  groups: Map<string, Group>
  consents: Map<number, Consent>
  /** By the SHA-256 of the token, so that a state file holds no token. */
  tokens: Map<string, Token>
  /** By the SHA-256 of the code. */
  codes: Map<string, AuthorizationCode>
  /** Logins of browsers, by the SHA-256 of their cookie. */
  sessions: Map<string, Session>
  /** The private key that signs id tokens. */
  signingKey: JWK | undefined
  /**
   * The id of the newest consent. It never goes down: a token whose consent is gone must not count again
   * through a newer consent of the same id.
   */
  lastConsent: number
}

export type Identity = {
  id: string
  username: string
  name: string | null
  email: string | null
  organization: string | null
  identity_provider: string
  /** `null` for the identity of a client. */
  identity_type: 'login' | null
  /** `unused`: provisioned by name, and nobody has logged in with it yet. */
  status: 'used' | 'unused'
  /** Identities with the same account are linked: they form an identity set. */
  account: string
}

export type Project = {
  id: string
  project_name: string
  display_name: string
  contact_email: string
  admin_ids: string[]
  admin_group_ids: string[]
}

export const clientTypes = [
  'client_identity',
  'confidential_client',
  'globus_connect_server',
  'hybrid_confidential_client_resource_server',
  'public_installed_client',
  'public_webapp_client',
  'resource_server',
] as const

export type Client = {
  id: string
  name: string
  client_type: (typeof clientTypes)[number]
  /** What tokens for it name as `resource_server`: its id, or a domain for most of Globus's own services. */
  resource_server: string
  project: string | null
  parent_client: string | null
  redirect_uris: string[]
  visibility: 'public' | 'private'
  links: { privacy_policy: string | null; terms_and_conditions: string | null }
  required_idp: string | null
  preselect_idp: string | null
  fqdns: string[]
  prompt_for_named_grant: boolean
  userinfo_from_effective_identity: boolean
}

export type Credential = {
  id: string
  client: string
  name: string
  created: string
  secret: string
}

export type Scope = {
  id: string
  client: string
  scope_string: string
  name: string
  description: string
  advertised: boolean
  allows_refresh_token: boolean
  required_domains: string[]
  dependent_scopes: DependentScope[]
}

export type DependentScope = { scope: string; optional: boolean; requires_refresh_token: boolean }

export const groupRoles = ['member', 'manager', 'admin'] as const
export const membershipStatuses = [
  'active',
  'invited',
  'pending',
  'rejected',
  'removed',
  'left',
  'declined',
] as const

export type Group = {
  id: string
  name: string
  description: string | null
  memberships: {
    identity: string
    role: (typeof groupRoles)[number]
    status: (typeof membershipStatuses)[number]
  }[]
}

/**
 * A node in the tree of what an identity has allowed: `client` may use `scope` below the node before it in
 * `path`.
 */
export type Consent = {
  id: number
  identity: string
  client: string
  scope: string
  /** The ids from the root to this node, its own at the end. */
  path: number[]
  atomically_revocable: boolean
  allows_refresh: boolean
  auto_approved: boolean
  /** What the user called it on the consent page. */
  label: string | null
  created: string
  updated: string
  last_used: string
}

export type Token = {
  kind: 'access' | 'refresh'
  /** The client it was issued to. */
  client: string
  identity: string
  /** The client whose scopes it carries. */
  resource_server: string
  /** The consents that it needs: without any one of them it no longer counts. */
  consents: number[]
  /** The SHA-256 of the refresh token that it came with: it is revoked with that one. */
  refreshed_by: string | null
  /** The login that it goes back to. `null` if no person logged in: a client acts as itself. */
  login: Login | null
  /** Seconds since 1970. */
  issued_at: number
  /** A refresh token has none. */
  expires_at: number | null
}

export type AuthorizationCode = {
  client: string
  identity: string
  consents: number[]
  redirect_uri: string
  code_challenge: string | null
  offline: boolean
  state: string | null
  nonce: string | null
  login: Login
  expires_at: number
}

/** When somebody logged in, in seconds since 1970. */
export type Login = { id: string; auth_time: number }

export type Session = Login & { identity: string }

export function emptyState(): State {
  return {
    identities: new Map(),
    projects: new Map(),
    clients: new Map(),
    credentials: new Map(),
    scopes: new Map(),
    groups: new Map(),
    consents: new Map(),
    tokens: new Map(),
    codes: new Map(),
    sessions: new Map(),
    signingKey: undefined,
    lastConsent: 0,
  }
}

/** The time now in whole seconds since 1970. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** The time now as Globus Auth writes it. */
export function timestamp(): string {
  return new Date().toISOString().replace('Z', '000+00:00')
}

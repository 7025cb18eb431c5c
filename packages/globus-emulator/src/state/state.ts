import type { JWK } from 'jose'

/** Everything the emulator knows. Plain records, so that it can be kept in a file as it stands. */
export type State = {
  identities: Map<string, Identity>
  projects: Map<string, Project>
  clients: Map<string, Client>
  credentials: Map<string, Credential>
  scopes: Map<string, Scope>
  groups: Map<string, Group>
  consents: Map<number, Consent>
  /** By the token's SHA-256: a state file gives no tokens away. */
  tokens: Map<string, Token>
  /** By the code's SHA-256. */
  codes: Map<string, AuthorizationCode>
  /** Browsers that are logged in, by the SHA-256 of their cookie. */
  sessions: Map<string, Session>
  /** Private key that signs id tokens. */
  signingKey: JWK | undefined
  /** Never goes back, or a token could come to life again with another consent of its id. */
  lastConsent: number
}

export type Identity = {
  id: string
  username: string
  name: string | null
  email: string | null
  organization: string | null
  identity_provider: string
  /** Clients that act as themselves have none. */
  identity_type: 'login' | null
  /** `unused`: somebody named it before anybody logged in with it. */
  status: 'used' | 'unused'
  /** Identities with one account are linked: they form an identity set. */
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

export type ClientType =
  | 'client_identity'
  | 'confidential_client'
  | 'globus_connect_server'
  | 'hybrid_confidential_client_resource_server'
  | 'public_installed_client'
  | 'public_webapp_client'
  | 'resource_server'

export type Client = {
  id: string
  name: string
  client_type: ClientType
  /** The name its tokens carry: the id, or a domain for Globus's own services. */
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

export type GroupRole = 'member' | 'manager' | 'admin'
export type MembershipStatus = 'active' | 'invited' | 'pending' | 'rejected' | 'removed' | 'left' | 'declined'

export type Group = {
  id: string
  name: string
  description: string | null
  memberships: { identity: string; role: GroupRole; status: MembershipStatus }[]
}

/** One node of what an identity has allowed: `client` may use `scope`, on behalf of the node before it in `path`. */
export type Consent = {
  id: number
  identity: string
  client: string
  scope: string
  /** Ids from the root to this node, this one included. */
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
  /** What it rests on. It dies with any of them. */
  consents: number[]
  /** The refresh token (its SHA-256) that it came with, if any: they are revoked together. */
  refreshed_by: string | null
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
  auth_time: number
  expires_at: number
}

export type Session = { identity: string; auth_time: number }

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

/** Now, in the whole seconds that tokens count in. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** Now, as Globus Auth writes it. */
export function timestamp(): string {
  return new Date().toISOString().replace('Z', '000+00:00')
}

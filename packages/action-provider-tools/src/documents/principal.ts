/**
 * The lists of an action that name principals besides its creator: who else may see it, and who else may
 * change it.
 */
export const LISTS = ['monitor_by', 'manage_by'] as const

/** The roles in an action, by the field that grants them (interface, enumerate). */
export const ROLES = ['creator_id', ...LISTS] as const
export type Role = (typeof ROLES)[number]

const uuid = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
const urn = `urn:globus:(auth:identity|groups:id):${uuid}`
const words = 'a principal URN: urn:globus:auth:identity:<uuid> or urn:globus:groups:id:<uuid>'

/** A UUID in its usual text form. The case of its digits has no meaning (RFC 9562, section 4). */
export const UUID = { type: 'string', pattern: `^${uuid}$` } as const

/** In an allowed list: everybody, with or without a token. */
export const PUBLIC = 'public'

/** In an allowed list: everybody whose token Globus Auth accepts. */
export const ALL_AUTHENTICATED_USERS = 'all_authenticated_users'

/**
 * Who someone is: `urn:globus:auth:identity:<uuid>` or `urn:globus:groups:id:<uuid>` (interface,
 * "Documents").
 */
export const PrincipalURN = {
  type: 'string',
  pattern: `^${urn}$`,
  errorMessage: `must be ${words}`,
} as const
export type PrincipalURN = string

/** A principal, or everybody with a token. */
export const PrincipalOrAllAuthenticated = {
  type: 'string',
  pattern: `^(${urn}|${ALL_AUTHENTICATED_USERS})$`,
  errorMessage: `must be "${ALL_AUTHENTICATED_USERS}", or ${words}`,
} as const

/** A principal, everybody with a token, or everybody. */
export const PrincipalOrAnyone = {
  type: 'string',
  pattern: `^(${urn}|${ALL_AUTHENTICATED_USERS}|${PUBLIC})$`,
  errorMessage: `must be "${PUBLIC}", "${ALL_AUTHENTICATED_USERS}", or ${words}`,
} as const

/** @example identityURN('ca73e829-715f-4522-9141-1d2d3b1ae2a1') // 'urn:globus:auth:identity:ca73…' */
export function identityURN(id: string): PrincipalURN {
  return `urn:globus:auth:identity:${id.toLowerCase()}`
}

/** @example groupURN('fdb38a24-03c1-11e3-86f7-12313809f035') // 'urn:globus:groups:id:fdb3…' */
export function groupURN(id: string): PrincipalURN {
  return `urn:globus:groups:id:${id.toLowerCase()}`
}

/** Whether a principal is a group: only then do the caller's groups matter. */
export function isGroup(principal: string): boolean {
  return principal.startsWith(groupURN(''))
}

/**
 * A list of principals in the form in which they are compared and stored: each once, in lower case, as Globus
 * writes them.
 */
export function canonicalPrincipals(principals: readonly string[]): string[] {
  return [...new Set(principals.map((principal) => principal.toLowerCase()))]
}

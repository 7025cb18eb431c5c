/** The scopes of Globus's own services that this command line asks for. */
export const scopes = {
  /** Who somebody is: asked for at each login, so that the tokens of two people are never mixed. */
  identity: 'openid profile email',
  openid: 'openid',
  viewIdentities: 'urn:globus:auth:scope:auth.globus.org:view_identities',
  manageProjects: 'urn:globus:auth:scope:auth.globus.org:manage_projects',
  viewGroups: 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships',
} as const

/**
 * The scopes at the top of a scope string, without what they depend on.
 *
 * @example topScopes('A[B C[D]] E') // ['A', 'E']
 */
export function topScopes(text: string): string[] {
  let depth = 0
  let top = ''
  for (const character of text) {
    if (character === '[') depth += 1
    if (depth === 0) top += character
    if (character === ']') depth -= 1
  }
  return top.split(' ').flatMap((scope) => (scope === '' ? [] : [scope.replace(/^\*/, '')]))
}

/** Whether a scope is one that somebody registered for a service of their own, as action providers do. */
export function isRegisteredScope(scope: string): boolean {
  return /^https:\/\/auth\.globus\.org\/scopes\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[\w./:@%+~-]+$/i.test(
    scope,
  )
}

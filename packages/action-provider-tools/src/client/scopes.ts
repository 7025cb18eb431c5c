/**
 * The top-level scopes of a scope string, without their dependents.
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

/** Whether a scope belongs to a registered client, as the scopes of action providers do. */
export function isRegisteredScope(scope: string): boolean {
  return /^https:\/\/auth\.globus\.org\/scopes\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[\w./:@%+~-]+$/i.test(
    scope,
  )
}

import { signal } from '@preact/signals'
import { stored } from '../state/stored.ts'

/** A provider elsewhere that the user said may get a token for a scope. */
export type Trusted = { provider: string; scope: string }

const kept = stored<Trusted[]>('console trusted', [])

/** For this tab alone, as the tokens are. */
export const trusted = signal<readonly Trusted[]>(kept.read())

export function trust(provider: string, scope: string): void {
  const others = trusted.value.filter((each) => !sameProvider(each.provider, provider))
  trusted.value = [...others, { provider, scope }]
  kept.write([...trusted.value])
}

/** Whether two URLs are those of one provider. */
export function sameProvider(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '')
}

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

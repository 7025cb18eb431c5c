import { signal } from '@preact/signals'
import { stored } from '../state/stored.ts'

/** A provider elsewhere to which the user lets a token for a scope go. */
export type Trusted = { provider: string; scope: string }

const kept = stored<Trusted[]>('console trusted', [])

/** Only for this tab, like the tokens. */
export const trusted = signal<readonly Trusted[]>(kept.read())

export function trust(provider: string, scope: string): void {
  const others = trusted.value.filter((each) => !sameProvider(each.provider, provider))
  trusted.value = [...others, { provider, scope }]
  kept.write([...trusted.value])
}

/** Whether two URLs name the same provider. */
export function sameProvider(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '')
}

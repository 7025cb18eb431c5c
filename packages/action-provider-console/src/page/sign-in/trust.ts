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

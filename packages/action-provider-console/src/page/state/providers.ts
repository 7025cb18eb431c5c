import { signal } from '@preact/signals'
import { type ProviderDescription, providerUrl } from 'action-provider-tools/client'
import { useEffect } from 'preact/hooks'
import { type Problem, toProblem } from '../../thread/problem.ts'
import { signIns } from '../sign-in/session.ts'
import { sameProvider } from '../sign-in/trust.ts'
import { base, configuration } from './configuration.ts'
import { stored } from './stored.ts'
import { ask } from './thread.ts'

/** What a provider says of itself. Its schema is JSON text. */
export type Description = ProviderDescription & { schemaText: string }
export type Described = { description?: Description; problem?: Problem }

const added = stored<string[]>('console providers', [])
/** URLs of providers elsewhere that the user added. */
export const addedProviders = signal<readonly string[]>(added.read())

/** All providers that the console shows. */
export function allProviders(): string[] {
  const { providers, elsewhere } = configuration
  return [
    ...providers.map(({ url }) => url),
    ...(elsewhere === 'any' ? [] : elsewhere),
    ...addedProviders.value,
  ]
}

/** @throws InvalidArgument for what is no URL of a provider */
export function addProvider(given: string): string {
  const url = providerUrl(given.trim()).href.replace(/\/+$/, '')
  if (!allProviders().some((known) => sameProvider(known, url))) {
    addedProviders.value = [...addedProviders.value, url]
    added.write([...addedProviders.value])
  }
  return url
}

export function removeProvider(url: string): void {
  addedProviders.value = addedProviders.value.filter((each) => each !== url)
  added.write([...addedProviders.value])
}

/** Whether a provider is one of the console's application, which needs no warning. */
export function isOwn(provider: string): boolean {
  return configuration.providers.some(({ url }) => sameProvider(url, provider))
}

/** How a provider stands in the URL of a view: without the host where that is the console's. */
export function inQuery(provider: string): string {
  const url = new URL(provider)
  return url.origin === base.origin ? url.pathname : provider
}

/** The provider that the URL of a view names. @throws InvalidArgument for what is no URL of one */
export function fromQuery(given: string): string {
  return providerUrl(URL.canParse(given, base) ? new URL(given, base) : given).href.replace(/\/+$/, '')
}

const descriptions = signal<Readonly<Record<string, Described>>>({})

/** What a provider says of itself, once it is known. Asked for again after each sign-in. */
export function useDescription(provider: string): Described & { again(): void } {
  const asked = signIns.value
  useEffect(() => {
    if (descriptions.value[provider]?.description === undefined) void read(provider)
  }, [provider, asked])
  return { ...descriptions.value[provider], again: () => void read(provider) }
}

async function read(provider: string): Promise<void> {
  const described = await ask('introspect', { provider }).then(
    (description) => ({ description }),
    (error: unknown) => ({ problem: toProblem(error) }),
  )
  descriptions.value = { ...descriptions.value, [provider]: described }
}

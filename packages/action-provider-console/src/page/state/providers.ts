import { signal } from '@preact/signals'
import { type ProviderDescription, providerUrl } from 'action-provider-tools/client'
import { useEffect } from 'preact/hooks'
import { type Problem, toProblem } from '../../thread/problem.ts'
import { signIns } from '../sign-in/session.ts'
import { sameProvider } from '../sign-in/trust.ts'
import { base, configuration } from './configuration.ts'
import { stored } from './stored.ts'
import { ask } from './thread.ts'

/** The description of a provider. Its schema is JSON text. */
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

/** @throws InvalidArgument for an invalid URL */
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

/** Whether a provider belongs to the application of the console, and so needs no warning. */
export function isOwn(provider: string): boolean {
  return configuration.providers.some(({ url }) => sameProvider(url, provider))
}

/** A provider in the URL of a view: without the host if it is that of the console. */
export function inQuery(provider: string): string {
  const url = new URL(provider)
  return url.origin === base.origin ? url.pathname : provider
}

/** The provider that the URL of a view names. @throws InvalidArgument for an invalid URL */
export function fromQuery(given: string): string {
  return providerUrl(URL.canParse(given, base) ? new URL(given, base) : given).href.replace(/\/+$/, '')
}

const descriptions = signal<Readonly<Record<string, Described>>>({})

/** The description of a provider, once it is loaded. Loaded again after each sign-in. */
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

import {
  type Provider as Calls,
  connect,
  ForbiddenRequest,
  isRegisteredScope,
  type ProviderDescription,
  UnauthorizedRequest,
} from 'action-provider-tools/client'
import { type Tokens, tokensFor, type Wanted } from '../auth/tokens.ts'
import { refusedError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Terminal } from '../output/terminal.ts'
import { tracingFetch } from './http.ts'
import { providerUrl, shellWord, urlOption } from './provider-url.ts'
import { commandError } from './refusals.ts'

/** Reading is not repeated: a user at a terminal learns of failures at once. */
const once = { limit: 1 }
/** How often a request that must arrive is sent. */
export const often = { limit: 6 }

/**
 * Asks whether a provider may get tokens for a scope, which the provider or the user named. It is called
 * before any token is requested, and throws if the answer is no.
 */
export type Trust = (asked: { provider: URL; scope: string; namedBy: 'provider' | 'caller' }) => Promise<void>

/** An action provider, called as the user who is logged in. */
export type Provider = {
  readonly url: URL
  /** Its description, read once. */
  describe(): Promise<ProviderDescription>
  /** The scope that its callers need; empty if one given token is used for everything. */
  scope(): Promise<string>
  /** The client for it. Requests are repeated only where a command says so. */
  calls: Calls
  /** The result of a call. @throws CommandError that says what to do next */
  told<T>(call: (calls: Calls) => Promise<T>): Promise<T>
}

/**
 * @param givenUrl --action-url
 * @param givenScope --action-scope
 */
export function provider(
  givenUrl: string | undefined,
  givenScope: string | undefined,
  tokens: Tokens,
  trust: Trust,
  terminal: Pick<Terminal, 'say' | 'trace'>,
): Provider {
  const url = providerUrl(givenUrl)
  const loginAdvice = `You are not logged in for ${url.href}: action-provider login ${urlOption(url)}`
  const options = {
    fetch: tracingFetch(terminal.trace),
    retry: once,
    onRetry: ({ reason, wait }: { reason: string; wait: number }) =>
      terminal.say(`${reason}; sending the same request again in ${Math.ceil(wait / 1000)} s`),
  }
  const calls = connect(url, {
    ...options,
    getToken: tokensFor(tokens, wanted),
  })
  let description: ProviderDescription | undefined

  const told = async <T>(call: (calls: Calls) => Promise<T>): Promise<T> => {
    try {
      return await call(calls)
    } catch (error) {
      throw commandError(error, url)
    }
  }
  const describe = async (): Promise<ProviderDescription> => {
    description ??= await readDescription()
    return description
  }

  async function readDescription(): Promise<ProviderDescription> {
    try {
      return await connect(url, options).introspect()
    } catch (error) {
      const hidden = error instanceof UnauthorizedRequest || error instanceof ForbiddenRequest
      if (!hidden) throw commandError(error, url)
    }
    if (givenScope === undefined && !tokens.anyScope) {
      throw refusedError(
        `${url.href} describes itself to those alone who are logged in: ask its operators for its scope, and give it as --action-scope`,
      )
    }
    return told(() => calls.introspect())
  }

  async function wanted(): Promise<Wanted> {
    if (tokens.anyScope) return { scope: '', advice: loginAdvice }
    if (givenScope !== undefined) {
      await trust({ provider: url, scope: givenScope, namedBy: 'caller' })
      return { scope: givenScope, advice: `${loginAdvice} --action-scope ${shellWord(givenScope)}` }
    }
    const { globus_auth_scope: scope } = await describe()
    // Otherwise a hostile provider could get its callers' tokens for Globus's own services.
    if (!isRegisteredScope(scope)) {
      throw refusedError(
        `${url.href} names ${JSON.stringify(printable(scope))} as its scope, which is none of a provider: if you trust it with that, give it as --action-scope`,
      )
    }
    await trust({ provider: url, scope, namedBy: 'provider' })
    return { scope, advice: loginAdvice }
  }

  return { url, describe, scope: async () => (await wanted()).scope, calls, told }
}

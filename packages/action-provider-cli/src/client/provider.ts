import type { ProviderDescription } from 'action-provider-tools/client'
import { isRegisteredScope } from '../auth/scopes.ts'
import type { Tokens, Wanted } from '../auth/tokens.ts'
import { refusedError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import { exchange, type HttpAnswer, type HttpRequest, type Trace } from './http.ts'
import { NetworkFailure } from './network-errors.ts'
import { below, providerUrl, shellWord, urlOption } from './provider-url.ts'
import { notAProvider, refusal } from './refusals.ts'

/** A question to a provider. */
export type Question = {
  method?: HttpRequest['method']
  path: string
  query?: Record<string, string | undefined>
  body?: unknown
}

/**
 * Asks whether a provider may get tokens for a scope, which it named itself or its caller did. It is asked before any
 * token is, and throws where the answer is no.
 */
export type Trust = (asked: { provider: URL; scope: string; namedBy: 'provider' | 'caller' }) => Promise<void>

/** An action provider as its callers see it. */
export type Provider = {
  readonly url: URL
  /** What it says of itself; asked for once. */
  describe(): Promise<ProviderDescription>
  /** The scope that its callers need; empty where a token was given that is used for everything. */
  scope(): Promise<string>
  /** Asks as whoever is logged in, once more with a fresh token where the first is refused. Gives every answer. */
  ask(question: Question): Promise<HttpAnswer>
  /** As `ask`, for an answer that is not the one hoped for. */
  refusal(answer: HttpAnswer): Error
}

/**
 * @param givenUrl --action-url
 * @param givenScope --action-scope, where its user named it
 */
export function provider(
  givenUrl: string | undefined,
  givenScope: string | undefined,
  tokens: Tokens,
  trust: Trust,
  trace: Trace,
): Provider {
  const url = providerUrl(givenUrl)
  const loginAdvice = `You are not logged in for ${url.href}: action-provider login ${urlOption(url)}`
  let description: ProviderDescription | undefined

  const describe = async (): Promise<ProviderDescription> => {
    description ??= await readDescription()
    return description
  }

  async function readDescription(): Promise<ProviderDescription> {
    let answer = await exchange({ method: 'GET', url }, trace)
    if (answer.status === 401 || answer.status === 403) {
      if (givenScope === undefined && !tokens.anyScope) {
        throw refusedError(
          `${url.href} describes itself to those alone who are logged in: ask its operators for its scope, and give it as --action-scope`,
        )
      }
      answer = await ask({ path: '' })
    }
    if (answer.status !== 200) throw refusal(answer, url)
    if (!isDescription(answer.json)) throw notAProvider(answer, url)
    return answer.json
  }

  async function wanted(): Promise<Wanted> {
    if (tokens.anyScope) return { scope: '', advice: loginAdvice }
    if (givenScope !== undefined) {
      await trust({ provider: url, scope: givenScope, namedBy: 'caller' })
      return { scope: givenScope, advice: `${loginAdvice} --action-scope ${shellWord(givenScope)}` }
    }
    const { globus_auth_scope: scope } = await describe()
    // A hostile provider could otherwise have its callers' tokens for Globus's own services sent to it.
    if (!isRegisteredScope(scope)) {
      throw refusedError(
        `${url.href} names ${JSON.stringify(printable(scope))} as its scope, which is none of a provider: if you trust it with that, give it as --action-scope`,
      )
    }
    await trust({ provider: url, scope, namedBy: 'provider' })
    return { scope, advice: loginAdvice }
  }

  async function ask({ method = 'GET', path, query, body }: Question): Promise<HttpAnswer> {
    const need = await wanted()
    const send = (token: string): Promise<HttpAnswer> =>
      exchange(
        {
          method,
          url: path === '' ? url : below(url, path, query),
          authorization: `Bearer ${token}`,
          ...(body !== undefined && {
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          }),
        },
        trace,
      )
    const token = await tokens.get(need)
    const answer = await send(token)
    if (answer.status !== 401) return answer
    const other = await tokens.renew(need, token)
    return other === undefined ? answer : send(other)
  }

  return {
    url,
    describe,
    scope: async () => (await wanted()).scope,
    ask,
    refusal: (answer) => refusal(answer, url),
  }
}

/**
 * The answer to a question that only makes sense answered, which holds JSON.
 * @throws CommandError what any other answer comes to
 */
export async function answered(provider: Provider, question: Question): Promise<HttpAnswer> {
  const answer = await provider.ask(question)
  if (answer.status < 200 || answer.status > 299) throw provider.refusal(answer)
  if (answer.json === undefined) throw notAProvider(answer, provider.url)
  return answer
}

/** Whether an error is the network's, so that asking again may help. */
export function isPassing(error: unknown): error is NetworkFailure {
  return error instanceof NetworkFailure && !error.lasting
}

function isDescription(json: unknown): json is ProviderDescription {
  const { globus_auth_scope, title } = (json ?? {}) as Partial<Record<keyof ProviderDescription, unknown>>
  return typeof globus_auth_scope === 'string' && typeof title === 'string'
}

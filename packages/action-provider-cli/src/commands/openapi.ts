import { exchange, type HttpAnswer } from '../client/http.ts'
import type { Provider } from '../client/provider.ts'
import { urlOption } from '../client/provider-url.ts'
import { type CommandError, refusedError, unavailableError } from '../errors.ts'
import { printableJson } from '../output/printable.ts'
import { type CommonOptions, openSession, type Session } from '../session.ts'

/** `action-provider openapi`: the document is JSON unless YAML is asked for. */
export async function openapi(options: CommonOptions): Promise<void> {
  const session = await openSession(options)
  const { terminal } = session
  const provider = session.provider()
  // Fails with a clear message if the URL is not a provider.
  await provider.describe()
  const answer = await read(session, provider)
  if (!isDocument(answer.json)) throw noDocument(answer, provider.url)
  if (terminal.format === 'table') terminal.item(answer.json, () => printableJson(answer.json))
  else await terminal.result(answer.json, () => ({ kind: 'sections', sections: [] }))
}

/** Asks without a token first, and sends one only if it is needed. */
async function read({ terminal, tokens }: Session, provider: Provider): Promise<HttpAnswer> {
  const url = new URL(`${provider.url.href.replace(/\/$/, '')}/openapi.json`)
  const answer = await exchange({ method: 'GET', url }, terminal.trace)
  if (answer.status !== 401 && answer.status !== 403) return answer
  const scope = await provider.scope()
  const advice = `You are not logged in for ${provider.url.href}: action-provider login ${urlOption(provider.url)}`
  const authorization = `Bearer ${await tokens.get({ scope, advice })}`
  return exchange({ method: 'GET', url, authorization }, terminal.trace)
}

function isDocument(json: unknown): boolean {
  return typeof (json as { openapi?: unknown } | null | undefined)?.openapi === 'string'
}

function noDocument({ status }: HttpAnswer, provider: URL): CommandError {
  const option = urlOption(provider)
  if (status === 401 || status === 403) {
    return refusedError(
      `${provider.href} does not show you its OpenAPI document: "action-provider whoami" shows who you are, "action-provider introspect ${option}" who may see it`,
    )
  }
  if (status === 429 || status >= 500) {
    return unavailableError(
      `${provider.href} answered ${status} instead of its OpenAPI document: try again later`,
    )
  }
  return unavailableError(
    `${provider.href} has no OpenAPI document, which not every provider has: "action-provider introspect ${option}" shows what it takes`,
  )
}

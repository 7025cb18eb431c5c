import { ActionProviderToolsError, type OpenApi } from 'action-provider-tools/client'
import type { Provider } from '../client/provider.ts'
import { urlOption } from '../client/provider-url.ts'
import { commandError } from '../client/refusals.ts'
import { refusedError, unavailableError } from '../errors.ts'
import { printableJson } from '../output/printable.ts'
import { type CommonOptions, openSession } from '../session.ts'

/** `action-provider openapi`: the document is JSON unless YAML is asked for. */
export async function openapi(options: CommonOptions): Promise<void> {
  const { terminal, provider: open } = await openSession(options)
  const provider = open()
  // Fails with a clear message if the URL is not a provider.
  await provider.describe()
  const document = await read(provider)
  if (terminal.format === 'table') terminal.item(document, () => printableJson(document))
  else await terminal.result(document, () => ({ kind: 'sections', sections: [] }))
}

async function read({ calls, url }: Provider): Promise<OpenApi> {
  try {
    return await calls.openapi()
  } catch (error) {
    throw noDocument(error, url)
  }
}

function noDocument(error: unknown, provider: URL): unknown {
  // An error without an answer from the provider says nothing about the document.
  if (!(error instanceof ActionProviderToolsError) || error.cause === undefined)
    return commandError(error, provider)
  const { status } = error
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

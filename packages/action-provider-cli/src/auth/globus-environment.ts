import { isLoopback } from '../client/loopback.ts'
import { usageError } from '../errors.ts'

/** Where Globus Auth and Groups are, by the variables that the official SDKs read too. */
export type GlobusEnvironment = { auth: URL; groups: URL }

/** @throws CommandError for an unknown environment, or an address that tokens must not be sent to */
export async function globusEnvironment(): Promise<GlobusEnvironment> {
  const { globusUrls, InvalidDefinition } = await import('action-provider-tools/client')
  try {
    const environment = globusUrls()
    for (const url of Object.values(environment)) {
      if (url.protocol !== 'https:' && !isLoopback(url)) {
        throw usageError(
          `${url.href} is no place for tokens: use its https:// URL in GLOBUS_SDK_SERVICE_URL_…`,
        )
      }
    }
    return environment
  } catch (error) {
    if (error instanceof InvalidDefinition) throw usageError(error.message, error)
    throw error
  }
}

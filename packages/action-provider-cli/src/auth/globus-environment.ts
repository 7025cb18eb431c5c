import { usageError } from '../errors.ts'

/** The URLs of Globus Auth and Groups, from the variables that the official SDKs also read. */
export type GlobusEnvironment = { auth: URL; groups: URL }

/** @throws CommandError for an unknown environment, or a URL that is neither https nor on this machine */
export async function globusEnvironment(): Promise<GlobusEnvironment> {
  const { globusUrls, InvalidDefinition } = await import('action-provider-tools/client')
  try {
    return globusUrls()
  } catch (error) {
    if (error instanceof InvalidDefinition) throw usageError(error.message, error)
    throw error
  }
}

import { statusOf } from '../client/watch.ts'
import type { ExitCode } from '../errors.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { concludeWith } from './outcome.ts'

/** `action-provider status` */
export async function status(
  actionId: string,
  options: CommonOptions & { watch?: boolean },
): Promise<ExitCode> {
  const session = await openSession(options)
  const provider = session.provider()
  const found = await statusOf(provider, session.terminal, actionId, options.watch ?? false)
  return concludeWith(session.terminal, found, provider.url)
}

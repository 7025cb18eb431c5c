import { actionStatus } from '../client/action.ts'
import type { ExitCode } from '../errors.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { concludeWith } from './outcome.ts'
import { watch } from './watch.ts'

/** `action-provider status` */
export async function status(
  actionId: string,
  options: CommonOptions & { watch?: boolean },
): Promise<ExitCode> {
  const session = await openSession(options)
  const provider = session.provider()
  const found = options.watch
    ? await watch(provider, session.terminal, actionId)
    : await actionStatus(provider, actionId)
  return concludeWith(session.terminal, found, provider.url)
}

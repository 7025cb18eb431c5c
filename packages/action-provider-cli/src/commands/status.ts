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
  const action = await provider.told(async (calls) => calls.action(actionId))
  const found = options.watch
    ? await watch(provider, session.terminal, action)
    : await provider.told(() => action.status())
  return concludeWith(session.terminal, found, provider.url)
}

import type { ActionStatus } from 'action-provider-tools/client'
import type { Provider } from '../client/provider.ts'
import { shellWord, urlOption } from '../client/provider-url.ts'
import { watchAction } from '../client/watch.ts'
import { CommandError, exitCodes } from '../errors.ts'
import type { Terminal } from '../output/terminal.ts'

/**
 * Follows an action on the terminal. Ctrl-C ends that, leaves the action alone, and says how to come back.
 *
 * @throws CommandError, with the exit code of Ctrl-C for that
 */
export async function watch(
  provider: Provider,
  terminal: Terminal,
  actionId: string,
  options: { known?: ActionStatus | undefined; onLook?: () => Promise<void> } = {},
): Promise<ActionStatus> {
  const back = `action-provider status ${shellWord(actionId)} ${urlOption(provider.url)} --watch`
  const stop = new AbortController()
  const onInterrupt = (): void =>
    stop.abort(
      new CommandError(
        exitCodes.interrupted,
        `No longer watching; the action goes on. Come back with: ${back}`,
      ),
    )
  process.once('SIGINT', onInterrupt)
  try {
    const { say, progress } = terminal
    return await watchAction(provider, actionId, { ...options, signal: stop.signal, say, progress, back })
  } finally {
    process.off('SIGINT', onInterrupt)
    terminal.endProgress()
  }
}

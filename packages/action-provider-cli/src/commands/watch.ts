import { type Action, type ActionStatus, NetworkFailure } from 'action-provider-tools/client'
import type { Provider } from '../client/provider.ts'
import { shellWord, urlOption } from '../client/provider-url.ts'
import { CommandError, exitCodes, unavailableError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Terminal } from '../output/terminal.ts'

/**
 * Shows the progress of an action until it is complete or waits for its caller (INACTIVE).
 *
 * @throws CommandError; after Ctrl-C, with the exit code for that
 */
export function watch(provider: Provider, terminal: Terminal, action: Action): Promise<ActionStatus> {
  const onProgress = progressOn(terminal)
  return untilInterrupted(provider, terminal, action, (signal) => action.finished({ signal, onProgress }))
}

/** Shows each change of an action. */
export function progressOn(terminal: Terminal): (status: ActionStatus) => void {
  return (status) => terminal.progress(summary(status))
}

/**
 * Runs a function that follows an action. Ctrl-C ends it, but not the action; the message says how to
 * continue.
 */
export async function untilInterrupted<Result>(
  provider: Provider,
  terminal: Terminal,
  action: Action,
  follow: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const continueCommand = `action-provider status ${shellWord(action.id)} ${urlOption(provider.url)} --watch`
  const stop = new AbortController()
  const onInterrupt = (): void =>
    stop.abort(
      new CommandError(
        exitCodes.interrupted,
        `No longer watching; the action goes on. Come back with: ${continueCommand}`,
      ),
    )
  process.once('SIGINT', onInterrupt)
  try {
    return await provider.told(() => follow(stop.signal))
  } catch (error) {
    const isLost = error instanceof NetworkFailure || isUnavailable(error)
    if (!isLost || action.latest === undefined) throw error
    throw unavailableError(
      `${error.message}. Given up; the action goes on. Come back with: ${continueCommand}`,
      error,
    )
  } finally {
    process.off('SIGINT', onInterrupt)
    terminal.endProgress()
  }
}

function isUnavailable(error: unknown): error is CommandError {
  return error instanceof CommandError && error.exitCode === exitCodes.unavailable
}

/** An action in one line. */
function summary({ status, display_status }: ActionStatus): string {
  const more = display_status === undefined || display_status === status ? '' : `  ${display_status}`
  return printable(`${status}${more}`)
}

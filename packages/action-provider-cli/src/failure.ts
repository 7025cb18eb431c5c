import { CommanderError } from 'commander'
import { CommandError, type ExitCode, exitCodes, unavailableError } from './errors.ts'

/**
 * Prints the error of a command on stderr, in one line.
 * @returns the exit code
 */
export async function failed(error: unknown): Promise<ExitCode> {
  // Commander has already printed its message. Its code is 0 after help and version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage
  const [{ mask }, { printableLines }, { NetworkFailure }] = await Promise.all([
    import('./output/masking.ts'),
    import('./output/printable.ts'),
    import('action-provider-tools/client'),
  ])
  const failure = error instanceof NetworkFailure ? unavailableError(error.message, error) : error
  if (failure instanceof CommandError) {
    process.stderr.write(
      `${failure.exitCode === exitCodes.interrupted ? '' : 'error: '}${mask(printableLines(failure.message))}\n`,
    )
    return failure.exitCode
  }
  const text = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)
  process.stderr.write(
    `error: This is a fault of action-provider itself, please report it: ${mask(printableLines(text))}\n`,
  )
  return exitCodes.unavailable
}

import { CommanderError } from 'commander'
import { CommandError, type ExitCode, exitCodes, unavailableError } from './errors.ts'

/**
 * Prints on stderr, in one line, why a command failed.
 *
 * @returns the exit code
 */
export async function failed(error: unknown): Promise<ExitCode> {
  // Commander has already printed its message. Help and version end with its 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage
  const [{ mask }, { printableLines }, { NetworkFailure }] = await Promise.all([
    import('./output/masking.ts'),
    import('./output/printable.ts'),
    import('action-provider-tools/client'),
  ])
  const told = error instanceof NetworkFailure ? unavailableError(error.message, error) : error
  if (told instanceof CommandError) {
    process.stderr.write(
      `${told.exitCode === exitCodes.interrupted ? '' : 'error: '}${mask(printableLines(told.message))}\n`,
    )
    return told.exitCode
  }
  const words = told instanceof Error ? (told.stack ?? told.message) : String(told)
  process.stderr.write(
    `error: This is a fault of action-provider itself, please report it: ${mask(printableLines(words))}\n`,
  )
  return exitCodes.unavailable
}

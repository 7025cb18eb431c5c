import { type ExitCode, exitCodes } from '../errors.ts'

/** The exit code that the process will end with. */
export type Outcome = { exitCode: ExitCode }

/** The work of a command, which resolves with its exit code. */
// biome-ignore lint/suspicious/noExplicitAny: commander gives arguments as it read them; the commands name their types
export type Work = (...args: any[]) => Promise<ExitCode> | Promise<void>

/**
 * Makes a command's handler. It loads the command's code only when the command runs, so that `--help` is
 * fast.
 */
export type Does = (load: () => Promise<Work>) => (...args: unknown[]) => Promise<void>

export function doesInto(outcome: Outcome): Does {
  return (load) =>
    async (...args) => {
      const work = await load()
      // The last argument is the command itself, the one before it its options.
      outcome.exitCode = (await work(...args.slice(0, -1))) ?? exitCodes.fine
    }
}

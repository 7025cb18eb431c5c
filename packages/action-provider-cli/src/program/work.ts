import { type ExitCode, exitCodes } from '../errors.ts'

/** What a command leaves for the process to end with. */
export type Outcome = { exitCode: ExitCode }

/** Loads a command's code only when it runs, so that `--help` is fast. */
// biome-ignore lint/suspicious/noExplicitAny: commander gives arguments as it read them; the commands name their types
export type Work = (...args: any[]) => Promise<ExitCode> | Promise<void>

/** Has a command do its work, and keeps what it ends with. */
export type Does = (load: () => Promise<Work>) => (...args: unknown[]) => Promise<void>

export function doesInto(outcome: Outcome): Does {
  return (load) =>
    async (...args) => {
      const work = await load()
      // The last argument is the command itself, the one before it its options.
      outcome.exitCode = (await work(...args.slice(0, -1))) ?? exitCodes.fine
    }
}

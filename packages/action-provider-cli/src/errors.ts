/** The exit codes. `--help` and docs/cli.md have the same table. */
export const exitCodes = {
  fine: 0,
  /** The action FAILED, or the provider does not conform. */
  failed: 1,
  /** The command line or the request is wrong. */
  usage: 2,
  /** Not logged in, refused, or the action waits for its caller. */
  refused: 3,
  /** The provider, Globus or the network failed. */
  unavailable: 4,
  /** Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The error of a command. The message is one line that says what is wrong and what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** @example throw usageError('--body is not JSON: check its quotes') */
export function usageError(message: string, cause?: unknown): CommandError {
  return new CommandError(exitCodes.usage, message, { cause })
}

export function refusedError(message: string, cause?: unknown): CommandError {
  return new CommandError(exitCodes.refused, message, { cause })
}

export function unavailableError(message: string, cause?: unknown): CommandError {
  return new CommandError(exitCodes.unavailable, message, { cause })
}

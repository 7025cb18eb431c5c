/**
 * Why a service gave no valid answer. The message never quotes a request or answer, which may hold a token.
 */
export class Outage extends Error {
  /** Milliseconds after which the service asks to be tried again. */
  readonly retryAfter: number | undefined
  /** Whether it lasts until somebody changes something, so that retries are useless. */
  readonly lasting: boolean

  constructor(reason: string, options: { retryAfter?: number | undefined; lasting?: boolean } = {}) {
    super(reason)
    this.retryAfter = options.retryAfter
    this.lasting = options.lasting ?? false
  }
}

/** The outage behind an error of a call, or behind the abort of its signal. */
export function asOutage(error: unknown, signal: AbortSignal): Outage {
  if (error instanceof Outage) return error
  if (signal.reason instanceof Outage) return signal.reason
  return new Outage(`the connection failed (${errorCode(error)})`)
}

/**
 * The code of the innermost cause, such as ECONNREFUSED. Messages are left out: some quote headers and
 * bodies.
 */
function errorCode(error: unknown): string {
  let code = 'unknown'
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  }
  return code
}

/** An error in the form that threads exchange. */
export type Problem = {
  /** The code of the interface, or the name of the error. */
  code: string
  message: string
  status?: number
  /** Seconds. */
  retryAfter?: number
  requiredScope?: string
}

/** An error of the other thread. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

/** The problem of an error. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  if (!(error instanceof Error)) return { code: 'Error', message: String(error) }
  const { code, status, retryAfter, required_scope } = error as Error & Fields
  return {
    code: typeof code === 'string' ? code : error.name,
    message: error.message,
    ...(typeof status === 'number' && { status }),
    ...(typeof retryAfter === 'number' && { retryAfter }),
    ...(typeof required_scope === 'string' && { requiredScope: required_scope }),
  }
}
type Fields = { code?: unknown; status?: unknown; retryAfter?: unknown; required_scope?: unknown }

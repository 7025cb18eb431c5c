import { maskSecrets } from '../auth/known-secrets.ts'

/** What of an error is logged, named as pino names it: `type` is the error's name. */
export type ErrorFacts = {
  type: string
  message: string
  stack: string
  code?: string | number
  cause?: ErrorFacts
  /** The errors that an AggregateError stands for. */
  errors?: ErrorFacts[]
}

/** How many causes of causes are told, and how many errors of one. */
const MOST = 10

/**
 * What is logged of an error, or of whatever was thrown: its name, message, stack and code, those of its causes, and nothing
 * else. The errors of HTTP clients carry requests with their headers, and answers with their bodies. Known tokens and secrets
 * are masked. What it returns may go through it again.
 * @example log.error({ err: errorFacts(error) }, 'The work of an action failed')
 */
export function errorFacts(error: unknown): ErrorFacts {
  return factsOf(error, 0)
}

function factsOf(error: unknown, depth: number): ErrorFacts {
  if (typeof error !== 'object' || error === null)
    return { type: typeof error, message: textOf(error), stack: '' }
  const { name, type, message, stack, code, cause, errors } = error as Partial<AggregateError & ErrorFacts>
  const deeper = depth < MOST
  return {
    type: textOf(name ?? type ?? error.constructor?.name ?? 'Error'),
    message: textOf(message ?? ''),
    stack: textOf(stack ?? ''),
    ...(typeof code === 'string' && { code: textOf(code) }),
    ...(typeof code === 'number' && { code }),
    ...(deeper && cause !== undefined && { cause: factsOf(cause, depth + 1) }),
    ...(deeper &&
      Array.isArray(errors) && { errors: errors.slice(0, MOST).map((each) => factsOf(each, depth + 1)) }),
  }
}

function textOf(value: unknown): string {
  return maskSecrets(typeof value === 'string' ? value : String(value))
}

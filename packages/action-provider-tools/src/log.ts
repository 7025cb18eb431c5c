/** What this library logs with, and what it logs of an error. */
import type { FastifyBaseLogger } from 'fastify'
import { maskSecrets } from './auth/known-secrets.ts'

/** A structured log, as pino and Fastify have it. */
export type Logger = Pick<
  FastifyBaseLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'
>

/** What is logged of an error, with pino's names: `type` is the error's name. */
type ErrorFacts = {
  type: string
  message: string
  stack: string
  code?: string | number
  cause?: ErrorFacts
  /** The errors of an AggregateError. */
  errors?: ErrorFacts[]
}

/** How many causes of causes are logged, and how many errors of one AggregateError. */
const MOST = 10

/**
 * What is logged of an error, or of any thrown value: its name, message, stack and code, and those of its
 * causes. Nothing else, because the errors of HTTP clients hold requests with their headers, and answers with
 * their bodies. Known tokens and secrets are masked. The result may be passed in again.
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

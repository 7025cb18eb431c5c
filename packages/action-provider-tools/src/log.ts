/** The logger, the logged facts of an error, and the masking of secrets in them. */
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'

/** A structured log, as pino and Fastify have it. */
export type Logger = Pick<
  FastifyBaseLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'
>

/** The logged facts of an error, with pino's names: `type` is the error's name. */
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
 * The logged facts of an error or any thrown value: its name, message, stack and code, and those of its
 * causes. Nothing else, because errors of HTTP clients contain requests with their headers and answers with
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

/** How many of its last characters find a secret in a text. A shorter text is not remembered as a secret. */
const TAIL = 12

/** How many secrets with the same ending are remembered. */
const MOST_ALIKE = 4

/**
 * The latest secrets of this process by their endings, in which tokens differ more than in their beginnings.
 */
const known = new LRUCache<string, readonly string[]>({ max: 20_000 })

/** Remembers a token or client secret, so that no logged text shows it. */
export function rememberSecret(secret: string | undefined): void {
  if (secret === undefined || secret.length < TAIL) return
  const tail = secret.slice(-TAIL)
  const others = known.get(tail)?.filter((other) => other !== secret) ?? []
  known.set(tail, [...others, secret].slice(-MOST_ALIKE))
}

/** Remembers the secrets of a dependent token. */
export function rememberToken(token: { access_token: string; refresh_token?: string }): void {
  rememberSecret(token.access_token)
  rememberSecret(token.refresh_token)
}

/**
 * A text with all remembered secrets masked. The time depends only on the text, not on the number of secrets.
 * @example maskSecrets(`refused: ${token}`) // 'refused: [secret]'
 */
export function maskSecrets(text: string): string {
  let masked = ''
  let from = 0
  for (let end = TAIL; end <= text.length; end++) {
    const alike = known.get(text.slice(end - TAIL, end))
    const secret = alike?.find((each) => {
      const start = end - each.length
      return start >= from && text.startsWith(each, start)
    })
    if (secret === undefined) continue
    masked += `${text.slice(from, end - secret.length)}[secret]`
    from = end
  }
  return masked + text.slice(from)
}

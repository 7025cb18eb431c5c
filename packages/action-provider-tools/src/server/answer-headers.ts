import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * The six headers of helmet that matter for JSON, as constants: `@fastify/helmet` builds thirteen anew for
 * every request. A route that needs another value sets its own.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Request ids that are safe in a log and a header. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/** Distinguishes the ids of this process from those of others. */
const PROCESS = randomBytes(8).toString('hex')

let count = 0

/** The id of a request: the caller's `X-Request-Id` if it is safe, otherwise a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : `${PROCESS}-${++count}`
}

/** When to try again: backoff with jitter, and `Retry-After` (RFC 9110, section 10.2.3). */

/**
 * How long to wait before the next try, in milliseconds: twice as long each time up to `most`, with jitter.
 * @param failures how many tries have failed, from 1
 * @param jitter the jitter of a wait (default `jittered`)
 * @example backoff(3, { first: 100, most: 3_000 }) // from 200 to 400
 */
export function backoff(
  failures: number,
  { first, most, jitter = jittered }: { first: number; most: number; jitter?: (wait: number) => number },
): number {
  return jitter(Math.min(first * 2 ** (failures - 1), most))
}

/** From half of a wait to the whole, so that not all callers retry at the same time. */
export function jittered(milliseconds: number): number {
  return milliseconds * (0.5 + Math.random() / 2)
}

/** From zero to the whole wait, which spreads callers that failed together as wide as possible. */
export function fullyJittered(milliseconds: number): number {
  return Math.random() * milliseconds
}

/** The whole seconds of a `Retry-After` header for a wait in milliseconds: at least one. */
export function retryAfterSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1_000))
}

/**
 * The milliseconds that a `Retry-After` header asks for, as seconds or as a date; `undefined` if it has
 * neither.
 */
export function parseRetryAfter(value: string | null, now: number = Date.now()): number | undefined {
  const text = value?.trim()
  if (!text) return undefined
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return Number.isNaN(milliseconds) ? undefined : Math.max(milliseconds, 0)
}

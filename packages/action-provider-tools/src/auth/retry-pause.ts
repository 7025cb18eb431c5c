import { backoff, fullyJittered } from '../retry.ts'

const FIRST = 100
const LONGEST = 1_000

/**
 * How long to pause before a call is tried again, in milliseconds: as long as its service asked for, and by chance up to a time
 * that doubles from 100 ms to a second, so that not all who were refused come again at once.
 * @param retry how often it was tried again before
 * @param retryAfter what the service asked for, in milliseconds
 * @returns `undefined` where it asked for more than a second: the caller is told to come again instead
 */
export function retryPause(retry: number, retryAfter = 0): number | undefined {
  if (retryAfter > LONGEST) return undefined
  return retryAfter + backoff(retry + 1, { first: FIRST, most: LONGEST, jitter: fullyJittered })
}

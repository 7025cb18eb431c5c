/**
 * Due work is taken in turns, so that a caller with ten thousand actions does not keep another's first one waiting: each time
 * jobs are taken, the callers after the one that was served last get as many as each other, and what is left goes to the
 * oldest jobs.
 */

/** How many callers are looked at each time: more would make taking a job cost more than it is worth. */
export const CALLERS_A_TURN = 64

/** How many of `limit` jobs each of so many callers gets first. */
export function shareOf(limit: number, callers: number): number {
  return Math.max(1, Math.floor(limit / Math.max(1, callers)))
}

import type { JobLimits } from './action-store.ts'

/**
 * Due work is taken in turns, so that a caller with ten thousand actions does not keep another's first one
 * waiting: each time jobs are taken, the callers after the one that was served last get as many as each
 * other, and what is left goes to the oldest jobs.
 */

/** How many callers are looked at each time: more would make taking a job cost more than it is worth. */
export const CALLERS_A_TURN = 64

/** How many of `limit` jobs each of so many callers gets first. */
export function shareOf(limit: number, callers: number): number {
  return Math.max(1, Math.floor(limit / Math.max(1, callers)))
}

/** A caller's jobs of one key, one behind the other; `''` where they have none. */
export type Queue = { caller: string; key: string }

/**
 * How many queues are looked at each time where there are limits: jobs behind one that is full must be found
 * too.
 */
export const QUEUES_A_TURN = 1_000

/**
 * Picks jobs that the limits leave room for, in the order given.
 * @param held the queues of what is held already
 */
export function withinLimits<Waiting extends Queue>(
  waiting: readonly Waiting[],
  held: readonly Queue[],
  { perCaller = Infinity, perKey = Infinity }: JobLimits,
  most: number,
): Waiting[] {
  const ofCaller = new Map<string, number>()
  const ofKey = new Map<string, number>()
  const add = ({ caller, key }: Queue): void => {
    ofCaller.set(caller, (ofCaller.get(caller) ?? 0) + 1)
    if (key !== '') ofKey.set(key, (ofKey.get(key) ?? 0) + 1)
  }
  for (const each of held) add(each)
  const picked: Waiting[] = []
  for (const job of waiting) {
    if (picked.length >= most) break
    if ((ofCaller.get(job.caller) ?? 0) >= perCaller || (ofKey.get(job.key) ?? 0) >= perKey) continue
    add(job)
    picked.push(job)
  }
  return picked
}

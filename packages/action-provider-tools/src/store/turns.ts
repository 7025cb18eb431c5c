import type { JobLimits } from './action-store.ts'

/**
 * Callers take turns, so that one with ten thousand actions does not delay the first action of another. A
 * query for jobs goes through the callers, beginning after the one served last, and takes the same number
 * from each; remaining places go to the oldest jobs.
 */

/** The most callers that one query goes through: more would cost more than fairness is worth. */
export const CALLERS_A_TURN = 64

/** How many of `limit` jobs each caller gets first. */
export function shareOf(limit: number, callers: number): number {
  return Math.max(1, Math.floor(limit / Math.max(1, callers)))
}

/** The jobs of one caller with one key; `''` if they have none. */
export type Queue = { caller: string; key: string }

/**
 * The most queues that one query goes through if there are limits: it must find jobs behind queues that are
 * full.
 */
export const QUEUES_A_TURN = 1_000

/**
 * Picks up to `most` waiting jobs that the limits leave room for, in the given order.
 * @param held the queues of all held jobs, once for each job
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

import type { DatabaseSync } from 'node:sqlite'
import { uuidText } from '../../action/keys.ts'
import type { Hold, Job, JobLimits } from '../action-store.ts'
import type { WrittenJob } from '../changes.ts'
import { CALLERS_A_TURN, QUEUES_A_TURN, type Queue, shareOf, withinLimits } from '../turns.ts'
import { prepare } from './statement.ts'

/** The jobs of actions, at most one for each action. Times are milliseconds since 1970. */
export type Jobs = {
  /** Makes a job due at a time, or gives it to its holder. The leases of a new job count on from `lease`. */
  put: (action: number, provider: number, lease: number, caller: string, job: WrittenJob) => void
  remove: (action: number) => void
  /** Whether `take` would find a job. */
  areDue: (provider: number, now: number) => boolean
  /**
   * Takes due jobs that nobody holds, in turn for each caller; if places remain, also jobs whose lease has
   * ended.
   */
  take: (provider: number, instance: string, now: number, limit: number, limits?: JobLimits) => Job[]
  /** When the next job that nobody holds will be due. */
  nextDue: (provider: number, now: number) => number | undefined
  isHeld: (action: number, hold: Hold) => boolean
  /** Renews the lease of a job. Returns `false` if the instance does not hold it. */
  keep: (action: number, hold: Hold, now: number) => boolean
  /** Returns a job; its due time stays. */
  release: (action: number, hold: Hold) => void
  /** Takes all jobs from their holders. */
  freeAll: () => void
  /** How many due jobs nobody holds. */
  waiting: (provider: number, now: number) => number
}

type Due = readonly [number: number, action_id: Uint8Array]

/** @param leaseSeconds how long a lease is, unless it is renewed */
export function createJobs(database: DatabaseSync, leaseSeconds: number): Jobs {
  const upsert = prepare(
    database,
    `INSERT INTO jobs (number, provider, lease, caller, due_at, holder, lease_until, key)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT job_key FROM actions WHERE number = ?1))
      ON CONFLICT DO UPDATE SET due_at = excluded.due_at, holder = excluded.holder, lease_until = excluded.lease_until`,
  )
  const erase = prepare(database, 'DELETE FROM jobs WHERE number = ?')
  const waiting = 'FROM jobs WHERE provider = ? AND due_at <= ? AND holder IS NULL'
  const expired = 'FROM jobs WHERE provider = ? AND lease_until <= ? AND holder IS NOT NULL AND due_at <= ?'
  const anyDue = prepare<[number]>(
    database,
    `SELECT EXISTS (SELECT 1 ${waiting}) OR EXISTS (SELECT 1 ${expired})`,
  )
  const withId = (found: string, order: string): string =>
    `SELECT number, action_id FROM (SELECT number ${found} ORDER BY ${order} LIMIT ?) JOIN actions USING (number)`
  const selectWaiting = prepare<Due>(database, withId(waiting, 'due_at'))
  const selectOfCaller = prepare<Due>(database, withId(`${waiting} AND caller = ?`, 'due_at'))
  const nextCaller = prepare<[string]>(
    database,
    'SELECT caller FROM jobs WHERE provider = ? AND caller > ? AND holder IS NULL ORDER BY caller LIMIT 1',
  )
  const selectNext = prepare<[number | null]>(
    database,
    'SELECT min(due_at) FROM jobs WHERE provider = ? AND due_at > ? AND holder IS NULL',
  )
  const selectExpired = prepare<Due>(database, withId(expired, 'lease_until'))
  const hold = prepare<[number]>(
    database,
    'UPDATE jobs SET holder = ?, lease = lease + 1, lease_until = ? WHERE number = ? RETURNING lease',
  )
  const held = 'WHERE number = ? AND holder = ? AND lease = ?'
  const anyHeld = prepare<[number]>(database, `SELECT EXISTS (SELECT 1 FROM jobs ${held})`)
  const renew = prepare(database, `UPDATE jobs SET lease_until = ? ${held}`)
  const free = prepare(database, `UPDATE jobs SET holder = NULL, lease_until = NULL ${held}`)
  const freeEvery = prepare(
    database,
    'UPDATE jobs SET holder = NULL, lease_until = NULL WHERE holder IS NOT NULL',
  )
  const count = prepare<[number]>(database, `SELECT count(*) ${waiting}`)
  const nextQueue = prepare<[caller: string, key: string]>(
    database,
    `SELECT caller, key FROM jobs WHERE provider = ? AND (caller, key) > (?, ?) AND holder IS NULL
      ORDER BY caller, key LIMIT 1`,
  )
  const selectOfQueue = prepare<Due>(database, withId(`${waiting} AND caller = ? AND key = ?`, 'due_at'))
  const selectHeld = prepare<[caller: string, key: string]>(
    database,
    'SELECT caller, key FROM jobs WHERE provider = ? AND holder IS NOT NULL',
  )
  /** The caller whose job was taken last, by provider. */
  const lastCaller = new Map<number, string>()
  /** The queue whose job was taken last with limits, by provider. */
  const lastQueue = new Map<number, Queue>()

  /** Callers with jobs that nobody holds, starting after the caller served last. */
  function callersInTurn(provider: number): string[] {
    const last = lastCaller.get(provider) ?? ''
    const callers: string[] = []
    const walk = (from: string, matches: (caller: string) => boolean): void => {
      let caller = nextCaller.get(provider, from)?.[0]
      while (caller !== undefined && matches(caller) && callers.length < CALLERS_A_TURN) {
        callers.push(caller)
        caller = nextCaller.get(provider, caller)?.[0]
      }
    }
    walk(last, () => true)
    walk('', (caller) => caller <= last)
    return callers
  }

  /** Due jobs that nobody holds: the same number for each caller, then the oldest. */
  function dueInTurn(provider: number, now: number, limit: number): Due[] {
    const callers = callersInTurn(provider)
    const share = shareOf(limit, callers.length)
    const due: Due[] = []
    for (const caller of callers) {
      if (due.length >= limit) break
      due.push(...selectOfCaller.all(provider, now, caller, Math.min(share, limit - due.length)))
      lastCaller.set(provider, caller)
    }
    if (due.length >= limit) return due
    const chosen = new Set(due.map(([number]) => number))
    const oldest = selectWaiting.all(provider, now, limit).filter(([number]) => !chosen.has(number))
    return [...due, ...oldest].slice(0, limit)
  }

  /** Queues with jobs that nobody holds, starting after the queue served last. */
  function queuesInTurn(provider: number): Queue[] {
    const start = lastQueue.get(provider) ?? { caller: '', key: '' }
    const queues: Queue[] = []
    const isBefore = (a: Queue, b: Queue): boolean =>
      a.caller < b.caller || (a.caller === b.caller && a.key <= b.key)
    const walk = (from: Queue, matches: (queue: Queue) => boolean): void => {
      for (let last = from; queues.length < QUEUES_A_TURN; ) {
        const [caller, key] = nextQueue.get(provider, last.caller, last.key) ?? []
        if (caller === undefined || key === undefined || !matches({ caller, key })) return
        last = { caller, key }
        queues.push(last)
      }
    }
    walk(start, () => true)
    walk({ caller: '', key: '' }, (queue) => isBefore(queue, start))
    return queues
  }

  /**
   * Due jobs that nobody holds and that the limits leave room for: one of each queue, then the next of each.
   */
  function dueWithinLimits(provider: number, now: number, limit: number, limits: JobLimits): Due[] {
    const queues = queuesInTurn(provider)
    const { perCaller = limit, perKey = limit } = limits
    const depth = Math.min(limit, perCaller)
    const rows = queues.map((queue) =>
      selectOfQueue
        .all(provider, now, queue.caller, queue.key, queue.key === '' ? depth : Math.min(depth, perKey))
        .map((due) => ({ ...queue, due })),
    )
    const waiting = Array.from({ length: depth }, (_, nth) => rows.flatMap((row) => row[nth] ?? [])).flat()
    const held = selectHeld.all(provider).map(([caller, key]) => ({ caller, key }))
    const picked = withinLimits(waiting, held, limits, limit)
    const last = picked.at(-1) ?? queues.at(-1)
    if (last) lastQueue.set(provider, last)
    return picked.map(({ due }) => due)
  }

  const until = (now: number): number => Math.min(now + leaseSeconds * 1000, Number.MAX_SAFE_INTEGER)

  return {
    put: (action, provider, lease, caller, { due_at, holder = null }) =>
      void upsert.run(action, provider, lease, caller, due_at, holder, holder && until(due_at)),
    remove: (action) => void erase.run(action),
    areDue: (provider, now) => anyDue.get(provider, now, provider, now, now)?.[0] === 1,
    take(provider, instance, now, limit, limits) {
      const due = limits ? dueWithinLimits(provider, now, limit, limits) : dueInTurn(provider, now, limit)
      if (due.length < limit) due.push(...selectExpired.all(provider, now, now, limit - due.length))
      return due.map(([number, action_id]) => {
        const [lease = 0] = hold.get(instance, until(now), number) ?? []
        return { action_id: uuidText(action_id), lease }
      })
    },
    nextDue: (provider, now) => selectNext.get(provider, now)?.[0] ?? undefined,
    isHeld: (action, { instance, lease }) => anyHeld.get(action, instance, lease)?.[0] === 1,
    keep: (action, { instance, lease }, now) => renew.run(until(now), action, instance, lease).changes === 1,
    release: (action, { instance, lease }) => void free.run(action, instance, lease),
    freeAll: () => void freeEvery.run(),
    waiting: (provider, now) => count.get(provider, now)?.[0] ?? 0,
  }
}

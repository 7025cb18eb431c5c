import { uuidBytes } from '../../action/keys.ts'
import type { Job, JobLimits } from '../action-store.ts'
import { CALLERS_A_TURN } from '../turns.ts'
import { DATABASE_TIME } from './clock.ts'
import type { Contact } from './contact.ts'
import type { Database } from './database.ts'
import { createLimitedTake } from './limited-jobs.ts'
import type { Notifications } from './notifications.ts'
import { statement } from './statement.ts'

/** How long after its due time an instance that left a job to others does not take it, in milliseconds. */
const LEFT_TO_OTHERS = 5_000

/** Parameters of every statement; `clock` replaces the database's clock if it is not null. */
const HOLDER = { provider: 'text', instance: 'text', clock: 'float8' } as const

/** The time by which due times and leases are compared: the database's, which all instances share. */
const timeOf = (clock: string): string => `COALESCE(${clock}, ${DATABASE_TIME})`

/**
 * Takes jobs whose lease has ended first, up to `abandoned`, since they have waited longest. Then callers
 * take turns, starting after the caller served last; remaining places go to the oldest jobs. The query steps
 * through the index from one caller to the next, so that the number of jobs of each does not matter.
 */
const TAKE = statement(
  'take-jobs',
  { ...HOLDER, lease: 'float8', limit: 'bigint', abandoned: 'bigint', served: 'text' },
  ({ provider, instance, clock, lease, limit, abandoned, served }) => {
    const isFree = `provider = ${provider} AND holder IS NULL`
    const due = `${isFree} AND due_at <= ${timeOf(clock)}
        AND (left_by IS DISTINCT FROM ${instance} OR due_at <= ${timeOf(clock)} - ${LEFT_TO_OTHERS})`
    const callerAfter = (caller: string, until = ''): string =>
      `SELECT caller FROM action_provider.jobs WHERE ${isFree} AND caller > ${caller} ${until} ORDER BY caller LIMIT 1`
    const walk = (name: string, first: string, next: string): string => `${name} AS (
      SELECT caller, 1 AS turn FROM (${first}) first
      UNION ALL
      SELECT j.caller, c.turn + 1 FROM ${name} c CROSS JOIN LATERAL (${next}) j WHERE c.turn < ${CALLERS_A_TURN}
    )`
    const untilServed = `AND caller <= ${served}`
    return `WITH RECURSIVE ${walk('ahead', callerAfter(served), callerAfter('c.caller'))},
    ${walk('behind', callerAfter("''", untilServed), callerAfter('c.caller', untilServed))},
    callers AS MATERIALIZED (
      SELECT caller, turn FROM ahead UNION ALL SELECT caller, turn + ${CALLERS_A_TURN} FROM behind
      ORDER BY turn LIMIT ${CALLERS_A_TURN}
    ), abandoned AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE provider = ${provider} AND holder IS NOT NULL AND lease_until <= ${timeOf(clock)}
      ORDER BY lease_until LIMIT ${abandoned} FOR UPDATE SKIP LOCKED
    ), chosen AS MATERIALIZED (
      SELECT j.action_id, c.turn FROM callers c CROSS JOIN LATERAL (
        SELECT action_id, due_at FROM action_provider.jobs WHERE ${due} AND caller = c.caller
        ORDER BY due_at LIMIT (SELECT GREATEST(1, ${limit} / count(*)) FROM callers)
      ) j
      ORDER BY c.turn, j.due_at LIMIT ${limit}
    ), in_turn AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs WHERE ${due} AND action_id IN (SELECT action_id FROM chosen)
      FOR UPDATE SKIP LOCKED
    ), oldest AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs WHERE ${due} AND action_id NOT IN (SELECT action_id FROM chosen)
      ORDER BY due_at LIMIT ${limit} - (SELECT count(*) FROM in_turn) FOR UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT action_id FROM abandoned UNION ALL SELECT action_id FROM in_turn UNION ALL SELECT action_id FROM oldest
      LIMIT ${limit}
    )
    UPDATE action_provider.jobs j SET holder = ${instance}, lease = j.lease + 1, lease_until = ${timeOf(clock)} + ${lease}
    FROM next WHERE j.action_id = next.action_id
    RETURNING j.action_id, j.lease,
      (SELECT c.caller FROM callers c LEFT JOIN chosen USING (turn)
        WHERE (SELECT count(*) FROM chosen) < ${limit} OR chosen.turn IS NOT NULL
        ORDER BY turn DESC LIMIT 1) AS served`
  },
)

const NEXT = statement(
  'next-due',
  { provider: 'text', clock: 'float8' },
  ({ provider, clock }) => `SELECT min(due_at) AS due_at FROM action_provider.jobs
    WHERE provider = ${provider} AND holder IS NULL AND due_at > ${timeOf(clock)}`,
)

const JOBS = { action_id: 'uuid', lease: 'integer' } as const

/** The given jobs that an instance holds. All instances lock them in the same order. */
const held = (given: { provider: string; instance: string; jobs: { rows: string } }): string =>
  `held AS MATERIALIZED (
      SELECT j.action_id FROM ${given.jobs.rows}
      JOIN action_provider.jobs j ON j.action_id = jobs.action_id
      WHERE j.provider = ${given.provider} AND j.holder = ${given.instance} AND j.lease = jobs.lease
      ORDER BY j.action_id FOR UPDATE OF j
    )`

const KEEP = statement(
  'keep-jobs',
  { ...HOLDER, lease: 'float8', jobs: JOBS },
  (given) => `WITH ${held(given)}
    UPDATE action_provider.jobs j SET lease_until = ${timeOf(given.clock)} + ${given.lease}
    FROM held WHERE j.action_id = held.action_id
    RETURNING j.action_id`,
)

/** The due time of returned jobs: at once by any clock, and before jobs that were never taken. */
const LONG_AGO = 0

const RETURN = statement(
  'return-jobs',
  { provider: 'text', instance: 'text', due_at: 'float8', payload: 'text', jobs: JOBS },
  (given) => `WITH ${held(given)}, returned AS (
      UPDATE action_provider.jobs j SET holder = NULL, lease_until = NULL, due_at = ${given.due_at}
      FROM held WHERE j.action_id = held.action_id
      RETURNING j.action_id
    )
    SELECT pg_notify('action_provider', ${given.payload}) WHERE EXISTS (SELECT FROM returned)`,
)

export type Jobs = {
  take: (provider: string, instance: string, limit: number, limits?: JobLimits) => Promise<Job[]>
  nextDue: (provider: string) => Promise<number | undefined>
  keep: (provider: string, instance: string, jobs: readonly Job[]) => Promise<{ lost: string[] }>
  return: (provider: string, instance: string, jobs: readonly Job[]) => Promise<void>
}

/**
 * Takes, renews and returns jobs.
 *
 * A lease counts only time in which its holder could renew it: jobs are taken over only when the instances
 * have reached the database for a whole lease. After an outage, live holders have that long to renew their
 * leases.
 *
 * @param lease the length of a lease, in milliseconds
 * @param clock replaces the database's clock
 */
export function createJobs(
  database: Database,
  notifications: Notifications,
  contact: Contact,
  lease: number,
  clock?: () => number,
): Jobs {
  /** The caller whose job was taken last, by provider. */
  const lastServed = new Map<string, string>()
  const takeWithin = createLimitedTake(database)
  return {
    async take(provider, instance, limit, limits) {
      const takesOver = contact.duration() >= lease
      if (limits) {
        const now = clock?.()
        return takeWithin({ provider, instance, limit, limits, now, lease, left: LEFT_TO_OTHERS, takesOver })
      }
      const abandoned = takesOver ? limit : 0
      const last = lastServed.get(provider) ?? ''
      const given = { provider, instance, clock: clock?.(), lease, limit, abandoned, served: last }
      const rows = await database.query<Job & { served: string | null }>(TAKE, TAKE.values(given))
      const [first] = rows
      if (first) lastServed.set(provider, first.served ?? '')
      return rows.map(({ action_id, lease }) => ({ action_id, lease }))
    },

    async nextDue(provider) {
      const values = NEXT.values({ provider, clock: clock?.() })
      const [row] = await database.query<{ due_at: number | null }>(NEXT, values)
      return row?.due_at ?? undefined
    },

    async keep(provider, instance, jobs) {
      if (jobs.length === 0) return { lost: [] }
      const values = KEEP.values({ provider, instance, clock: clock?.(), lease, jobs: jobs.filter(isKnown) })
      const kept = await database.query<{ action_id: string }>(KEEP, values)
      const ids = new Set(kept.map((row) => row.action_id))
      return { lost: jobs.map(({ action_id }) => action_id).filter((id) => !ids.has(id)) }
    },

    async return(provider, instance, jobs) {
      const event = { kind: 'job' } as const
      const payload = notifications.payload(provider, event)
      const given = { provider, instance, due_at: LONG_AGO, payload, jobs: jobs.filter(isKnown) }
      const rows = await database.query(RETURN, RETURN.values(given))
      if (rows.length > 0) notifications.notify(provider, event)
    },
  }
}

/** Whether PostgreSQL can read the action id. */
function isKnown({ action_id }: Job): boolean {
  return uuidBytes(action_id) !== undefined
}

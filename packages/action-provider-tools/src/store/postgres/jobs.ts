import { uuidBytes } from '../../action/keys.ts'
import type { Job } from '../action-store.ts'
import { DATABASE_TIME } from './clock.ts'
import type { Database } from './database.ts'
import type { Notifications } from './notifications.ts'
import { statement } from './statement.ts'

/** For how long, once it is due, only others take a job that an instance left to them, in milliseconds. */
const LEFT = 5_000

/** What every statement is given; `clock` stands in for the database's clock where it is not null. */
const HOLDER = { provider: 'text', instance: 'text', clock: 'float8' } as const

/** The time that due times and leases are judged by: the database's, which all instances share. */
const timeOf = (clock: string): string => `COALESCE(${clock}, ${DATABASE_TIME})`

/** Those whose lease is over come first: they have waited longest. There are `abandoned` of them at most. */
const TAKE = statement(
  'take-jobs',
  { ...HOLDER, lease: 'float8', limit: 'bigint', abandoned: 'bigint' },
  ({ provider, instance, clock, lease, limit, abandoned }) => `WITH abandoned AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE provider = ${provider} AND holder IS NOT NULL AND lease_until <= ${timeOf(clock)}
      ORDER BY lease_until LIMIT ${abandoned} FOR UPDATE SKIP LOCKED
    ), due AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE provider = ${provider} AND holder IS NULL AND due_at <= ${timeOf(clock)}
        AND (left_by IS DISTINCT FROM ${instance} OR due_at <= ${timeOf(clock)} - ${LEFT})
      ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT action_id FROM abandoned UNION ALL SELECT action_id FROM due LIMIT ${limit}
    )
    UPDATE action_provider.jobs j SET holder = ${instance}, lease = j.lease + 1, lease_until = ${timeOf(clock)} + ${lease}
    FROM next WHERE j.action_id = next.action_id
    RETURNING j.action_id, j.lease`,
)

const JOBS = { action_id: 'uuid', lease: 'integer' } as const

/** Those of the jobs that an instance holds. All instances lock them in the same order. */
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

/** When returned jobs are due: at once, whatever a clock says, and before those that nobody has begun. */
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
  take: (provider: string, instance: string, limit: number) => Promise<Job[]>
  keep: (provider: string, instance: string, jobs: readonly Job[]) => Promise<{ lost: string[] }>
  return: (provider: string, instance: string, jobs: readonly Job[]) => Promise<void>
}

/**
 * The right to run an action's work, as leases.
 *
 * A lease counts only the time in which its holder could have renewed it: an instance takes over a job once it has itself
 * reached the database for a whole lease. After an outage, holders that live have that long to renew theirs.
 *
 * @param clock stands in for the database's clock
 */
export function createJobs(
  database: Database,
  notifications: Notifications,
  leaseSeconds: number,
  clock?: () => number,
): Jobs {
  const lease = leaseSeconds * 1000
  return {
    take(provider, instance, limit) {
      const abandoned = database.reachedFor() >= lease ? limit : 0
      const values = TAKE.values({ provider, instance, clock: clock?.(), lease, limit, abandoned })
      return database.query<Job>(TAKE, values)
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
      if (rows.length > 0) notifications.tell(provider, event)
    },
  }
}

/** Whether its id is one that PostgreSQL can read. */
function isKnown({ action_id }: Job): boolean {
  return uuidBytes(action_id) !== undefined
}

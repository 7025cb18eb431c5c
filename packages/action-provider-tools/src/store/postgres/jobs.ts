import { uuidBytes } from '../../action/keys.ts'
import type { Job } from '../action-store.ts'
import { DATABASE_TIME } from './clock.ts'
import type { Database, Statement } from './database.ts'
import type { Notifications } from './notifications.ts'

/** The time that due times and leases are judged by: the database's, which all instances share, unless another is given as $3. */
const CLOCK = `COALESCE($3::float8, ${DATABASE_TIME})`

/** For how long a job that an instance left to others is theirs alone once it is due, in milliseconds. */
const LEFT = 5_000

/** Those whose lease is over come first: they have waited longest. There are $6 of them at most. */
const TAKE: Statement = {
  name: 'take-jobs',
  text: `WITH abandoned AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE provider = $1 AND holder IS NOT NULL AND lease_until <= ${CLOCK}
      ORDER BY lease_until LIMIT $6 FOR UPDATE SKIP LOCKED
    ), due AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs WHERE provider = $1 AND holder IS NULL AND due_at <= ${CLOCK}
        AND (left_by IS DISTINCT FROM $2 OR due_at <= ${CLOCK} - ${LEFT})
      ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT action_id FROM abandoned UNION ALL SELECT action_id FROM due LIMIT $5
    )
    UPDATE action_provider.jobs j SET holder = $2, lease = j.lease + 1, lease_until = ${CLOCK} + $4
    FROM next WHERE j.action_id = next.action_id
    RETURNING j.action_id, j.lease`,
}

/** Those of the jobs $5 with the leases $6 that an instance holds, locked in the order in which everybody locks them. */
const HELD = `held AS MATERIALIZED (
      SELECT j.action_id FROM unnest($5::uuid[], $6::integer[]) AS k(action_id, lease)
      JOIN action_provider.jobs j ON j.action_id = k.action_id
      WHERE j.provider = $1 AND j.holder = $2 AND j.lease = k.lease
      ORDER BY j.action_id FOR UPDATE OF j
    )`

const KEEP: Statement = {
  name: 'keep-jobs',
  text: `WITH ${HELD}
    UPDATE action_provider.jobs j SET lease_until = ${CLOCK} + $4
    FROM held WHERE j.action_id = held.action_id
    RETURNING j.action_id`,
}

/** When jobs that come back are due: at once whatever any clock says, and before those that nobody has begun. */
const LONG_AGO = 0

const RETURN: Statement = {
  name: 'return-jobs',
  text: `WITH ${HELD}, returned AS (
      UPDATE action_provider.jobs j SET holder = NULL, lease_until = NULL, due_at = $3
      FROM held WHERE j.action_id = held.action_id
      RETURNING j.action_id
    )
    SELECT pg_notify('action_provider', $4) WHERE EXISTS (SELECT FROM returned)`,
}

export type Jobs = {
  take: (provider: string, instance: string, limit: number) => Promise<Job[]>
  keep: (provider: string, instance: string, jobs: readonly Job[]) => Promise<{ lost: string[] }>
  return: (provider: string, instance: string, jobs: readonly Job[]) => Promise<void>
}

/**
 * The right to run an action's work, as leases.
 *
 * A lease counts only the time in which its holder could have renewed it: an instance takes over what another holds once it
 * has itself reached the database for a whole lease. After an outage holders that live have that long to say so.
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
      return database.query<Job>(TAKE, [provider, instance, clock?.(), lease, limit, abandoned])
    },

    async keep(provider, instance, jobs) {
      if (jobs.length === 0) return { lost: [] }
      const values = [provider, instance, clock?.(), lease, ...columns(jobs)]
      const kept = await database.query<{ action_id: string }>(KEEP, values)
      const ids = new Set(kept.map((row) => row.action_id))
      return { lost: jobs.map(({ action_id }) => action_id).filter((id) => !ids.has(id)) }
    },

    async return(provider, instance, jobs) {
      const event = { kind: 'job' } as const
      const payload = notifications.payload(provider, event)
      const values = [provider, instance, LONG_AGO, payload, ...columns(jobs)]
      const rows = await database.query(RETURN, values)
      if (rows.length > 0) notifications.tell(provider, event)
    },
  }
}

function columns(jobs: readonly Job[]): [ids: string[], leases: number[]] {
  const known = jobs.filter(({ action_id }) => uuidBytes(action_id))
  return [known.map(({ action_id }) => action_id), known.map(({ lease }) => lease)]
}

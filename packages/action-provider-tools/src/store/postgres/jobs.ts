import { uuidBytes } from '../../action/keys.ts'
import type { Job } from '../action-store.ts'
import type { Database, Statement } from './database.ts'
import type { Notifications } from './notifications.ts'

/** The time that leases are judged by: the database's, which all instances share, unless another is given as $3. */
const LEASE_CLOCK = 'COALESCE($3::float8, extract(epoch FROM statement_timestamp())::float8 * 1000)'

/** Those whose holder has let its lease run out come first: they have waited longest. */
const TAKE: Statement = {
  name: 'take-jobs',
  text: `WITH abandoned AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE provider = $1 AND holder IS NOT NULL AND lease_until <= ${LEASE_CLOCK}
      ORDER BY lease_until LIMIT $6 FOR UPDATE SKIP LOCKED
    ), due AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs WHERE provider = $1 AND holder IS NULL AND due_at <= $5
      ORDER BY due_at LIMIT $6 FOR UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT action_id FROM abandoned UNION ALL SELECT action_id FROM due LIMIT $6
    )
    UPDATE action_provider.jobs j SET holder = $2, lease_until = ${LEASE_CLOCK} + $4
    FROM next WHERE j.action_id = next.action_id
    RETURNING j.provider, j.action_id`,
}

/** Those of the jobs $5 that an instance holds, locked in the order in which everybody locks them. */
const HELD = `held AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE action_id = ANY($5::uuid[]) AND provider = $1 AND holder = $2
      ORDER BY action_id FOR UPDATE
    )`

const KEEP: Statement = {
  name: 'keep-jobs',
  text: `WITH ${HELD}
    UPDATE action_provider.jobs j SET lease_until = ${LEASE_CLOCK} + $4
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
  take: (provider: string, instance: string, now: number, limit: number) => Promise<Job[]>
  keep: (provider: string, instance: string, actionIds: readonly string[]) => Promise<{ lost: string[] }>
  return: (provider: string, instance: string, actionIds: readonly string[]) => Promise<void>
}

/**
 * The right to run an action's work, as leases.
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
    take: (provider, instance, now, limit) =>
      database.query<Job>(TAKE, [provider, instance, clock?.(), lease, now, limit]),

    async keep(provider, instance, actionIds) {
      if (actionIds.length === 0) return { lost: [] }
      const values = [provider, instance, clock?.(), lease, actionIds.filter(uuidBytes)]
      const kept = await database.query<{ action_id: string }>(KEEP, values)
      const ids = new Set(kept.map((row) => row.action_id))
      return { lost: actionIds.filter((id) => !ids.has(id)) }
    },

    async return(provider, instance, actionIds) {
      const event = { kind: 'job' } as const
      const payload = notifications.payload(provider, event)
      const values = [provider, instance, LONG_AGO, payload, actionIds.filter(uuidBytes)]
      const rows = await database.query(RETURN, values)
      if (rows.length > 0) notifications.tell(provider, event)
    },
  }
}

import type { Job } from '../action-store.ts'
import { uuidBytes } from '../keys.ts'
import type { Database, Statement } from './database.ts'
import type { Notifications } from './notifications.ts'

/** Those whose holder has let its lease run out come first: they have waited longest. */
const TAKE: Statement = {
  name: 'take-jobs',
  text: `WITH abandoned AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE provider = $1 AND holder IS NOT NULL AND lease_until <= clock_timestamp()
      ORDER BY lease_until LIMIT $4 FOR UPDATE SKIP LOCKED
    ), due AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs WHERE provider = $1 AND holder IS NULL AND due_at <= $3
      ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED
    ), next AS MATERIALIZED (
      SELECT action_id FROM abandoned UNION ALL SELECT action_id FROM due LIMIT $4
    )
    UPDATE action_provider.jobs j SET holder = $2, lease_until = clock_timestamp() + make_interval(secs => $5)
    FROM next WHERE j.action_id = next.action_id
    RETURNING j.provider, j.action_id`,
}

const KEEP: Statement = {
  name: 'keep-jobs',
  text: `UPDATE action_provider.jobs SET lease_until = clock_timestamp() + make_interval(secs => $4)
    WHERE action_id = ANY($3::uuid[]) AND provider = $1 AND holder = $2
    RETURNING action_id`,
}

/** Jobs that come back are due at once whatever any clock says, before those that nobody has begun. */
const RETURN: Statement = {
  name: 'return-jobs',
  text: `WITH returned AS (
      UPDATE action_provider.jobs SET holder = NULL, lease_until = NULL, due_at = 0
      WHERE action_id = ANY($3::uuid[]) AND provider = $1 AND holder = $2
      RETURNING action_id
    )
    SELECT pg_notify('action_provider', $4) WHERE EXISTS (SELECT FROM returned)`,
}

export type Jobs = {
  take: (provider: string, instance: string, now: number, limit: number) => Promise<Job[]>
  keep: (provider: string, instance: string, actionIds: readonly string[]) => Promise<{ lost: string[] }>
  return: (provider: string, instance: string, actionIds: readonly string[]) => Promise<void>
}

/** The right to run an action's work, as leases that the database's clock judges. */
export function createJobs(database: Database, notifications: Notifications, leaseSeconds: number): Jobs {
  return {
    take: (provider, instance, now, limit) =>
      database.query<Job>(TAKE, [provider, instance, now, limit, leaseSeconds]),

    async keep(provider, instance, actionIds) {
      const known = actionIds.filter(uuidBytes)
      const kept = await database.query<{ action_id: string }>(KEEP, [
        provider,
        instance,
        known,
        leaseSeconds,
      ])
      const ids = new Set(kept.map((row) => row.action_id))
      return { lost: actionIds.filter((id) => !ids.has(id)) }
    },

    async return(provider, instance, actionIds) {
      const event = { kind: 'job' } as const
      const payload = notifications.payload(provider, event)
      const rows = await database.query(RETURN, [provider, instance, actionIds.filter(uuidBytes), payload])
      if (rows.length > 0) notifications.tell(provider, event)
    },
  }
}

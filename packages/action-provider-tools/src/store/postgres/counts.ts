import type { ActionStatusValue } from '../../documents/action-status.ts'
import { DATABASE_TIME } from './clock.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** Reads at most 64 rows, and the due jobs from an index that has only free jobs. */
const COUNT: Statement = {
  name: 'count',
  text: `SELECT COALESCE(sum(active), 0)::float8 AS "ACTIVE", COALESCE(sum(inactive), 0)::float8 AS "INACTIVE",
      COALESCE(sum(succeeded), 0)::float8 AS "SUCCEEDED", COALESCE(sum(failed), 0)::float8 AS "FAILED",
      (SELECT count(*) FROM action_provider.jobs WHERE provider = $1 AND holder IS NULL
        AND due_at <= COALESCE($2::float8, ${DATABASE_TIME}))::float8 AS waiting
    FROM action_provider.counts WHERE provider = $1`,
}

const NAMESPACES: Statement = {
  name: 'namespaces',
  text: `SELECT provider FROM action_provider.counts GROUP BY provider
    HAVING sum(active + inactive + succeeded + failed) > 0 ORDER BY provider`,
}

/**
 * SQL that adds to the counts, as part of a statement that creates, changes or removes actions.
 * @param changes a SELECT of a provider and the difference of each status, one row for each provider
 */
export function addCounts(changes: string): string {
  return `INSERT INTO action_provider.counts AS t (provider, shard, active, inactive, succeeded, failed)
      ${changes}
      ON CONFLICT (provider, shard) DO UPDATE SET active = t.active + excluded.active,
        inactive = t.inactive + excluded.inactive, succeeded = t.succeeded + excluded.succeeded,
        failed = t.failed + excluded.failed`
}

/** SQL that counts each status, in a SELECT from actions. */
export function byStatus(sign: '' | '-' = ''): string {
  return [0, 1, 2, 3].map((status) => `${sign}count(*) FILTER (WHERE status = ${status})`).join(', ')
}

/** SQL for the row of counts that a connection adds to. */
export const SHARD = 'pg_backend_pid() & 63'

/** The namespaces of the providers that have actions. */
export async function namespaces(database: Database): Promise<string[]> {
  const rows = await database.query<{ provider: string }>(NAMESPACES, [])
  return rows.map(({ provider }) => provider)
}

/**
 * Counts actions by status, and due jobs that nobody holds.
 * @param now milliseconds since 1970; the database's clock if `undefined`
 */
export async function count(
  database: Database,
  provider: string,
  now: number | undefined,
): Promise<{ actions: Record<ActionStatusValue, number>; waiting: number }> {
  const [row] = await database.query<Record<ActionStatusValue, number> & { waiting: number }>(COUNT, [
    provider,
    now,
  ])
  const { waiting = 0, ACTIVE = 0, INACTIVE = 0, SUCCEEDED = 0, FAILED = 0 } = row ?? {}
  return { actions: { ACTIVE, INACTIVE, SUCCEEDED, FAILED }, waiting }
}

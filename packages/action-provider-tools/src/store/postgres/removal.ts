import type { StoredAction } from '../action-store.ts'
import { STATUS_CODES } from '../codes.ts'
import { accessTo } from './access.ts'
import type { Database, Query, Statement } from './database.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf } from './rows.ts'

/** Removes actions that nobody has changed since they were read, with all that belongs to them. */
const REMOVE: Statement = {
  name: 'remove',
  text: `WITH gone AS (
      DELETE FROM action_provider.actions a USING unnest($1::uuid[], $2::integer[]) AS t(action_id, version)
      WHERE a.action_id = t.action_id AND a.version = t.version
      RETURNING a.action_id, a.request_key, a.provider, a.status
    ), requests AS (
      DELETE FROM action_provider.requests r USING gone WHERE r.request_key = gone.request_key
    ), access AS (
      DELETE FROM action_provider.access x
      USING unnest($3::uuid[], $4::text[], $5::smallint[], $6::bytea[], $7::smallint[])
        AS k(action_id, provider, role, principal, status), gone
      WHERE gone.action_id = k.action_id AND x.provider = k.provider AND x.role = k.role
        AND x.principal = k.principal AND x.status = k.status AND x.action_id = k.action_id
    ), log AS (
      DELETE FROM action_provider.log l USING gone WHERE l.action_id = gone.action_id
    ), secrets AS (
      DELETE FROM action_provider.secrets s USING gone WHERE s.action_id = gone.action_id
    ), jobs AS (
      DELETE FROM action_provider.jobs j USING gone WHERE j.action_id = gone.action_id
    ), tallied AS (
      INSERT INTO action_provider.tallies AS t (provider, shard, active, inactive, succeeded, failed)
      SELECT provider, pg_backend_pid() & 63, -count(*) FILTER (WHERE status = 0),
        -count(*) FILTER (WHERE status = 1), -count(*) FILTER (WHERE status = 2), -count(*) FILTER (WHERE status = 3)
      FROM gone GROUP BY provider ORDER BY provider
      ON CONFLICT (provider, shard) DO UPDATE SET active = t.active + excluded.active,
        inactive = t.inactive + excluded.inactive, succeeded = t.succeeded + excluded.succeeded,
        failed = t.failed + excluded.failed
    )
    SELECT action_id FROM gone`,
}

/** Actions past their time that no other instance is just removing. */
const RELEASED: Statement = {
  name: 'released',
  text: `SELECT ${ACTION_COLUMNS} FROM action_provider.actions a WHERE a.release_at <= $1
    ORDER BY a.release_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
}

/** Resolves with how many of these actions were removed: those that nobody has changed since. */
export async function remove(query: Query, actions: readonly StoredAction[]): Promise<number> {
  const access = actions.flatMap(accessTo)
  const gone = await query(REMOVE, [
    actions.map((action) => action.action_id),
    actions.map((action) => action.version),
    access.map(({ action }) => action.action_id),
    access.map(({ action }) => action.provider),
    access.map(({ role }) => role),
    access.map(({ principal }) => principal),
    access.map(({ action }) => STATUS_CODES[action.status]),
  ])
  return gone.length
}

/** Removes up to `limit` actions that are past their time. */
export function sweepReleased(database: Database, now: number, limit: number): Promise<number> {
  return database.transaction(async (query) => {
    const rows = await query<ActionRow>(RELEASED, [now, limit])
    return rows.length === 0 ? 0 : remove(query, rows.map(actionOf))
  })
}

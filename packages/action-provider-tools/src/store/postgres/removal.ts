import { accessKeysOf } from '../access.ts'
import type { StoredAction } from '../action-store.ts'
import { STATUS_CODES } from '../codes.ts'
import { addCounts, byStatus, SHARD } from './counts.ts'
import type { Database, Query } from './database.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf, keyOf } from './rows.ts'
import { type Statement, statement } from './statement.ts'

/** Removes actions that nobody has changed since they were read, with everything that belongs to them. */
const REMOVE = statement(
  'remove',
  {
    actions: { action_id: 'uuid', version: 'integer' },
    keys: { action_id: 'uuid', provider: 'text', role: 'smallint', principal: 'bytea', status: 'smallint' },
  },
  ({ actions, keys }) => `WITH gone AS (
      DELETE FROM action_provider.actions a USING ${actions.rows}
      WHERE a.action_id = actions.action_id AND a.version = actions.version
      RETURNING a.action_id, a.request_key, a.provider, a.status
    ), requests AS (
      DELETE FROM action_provider.requests r USING gone WHERE r.request_key = gone.request_key
    ), access AS (
      DELETE FROM action_provider.access x USING ${keys.rows}, gone
      WHERE gone.action_id = keys.action_id AND x.provider = keys.provider AND x.role = keys.role
        AND x.principal = keys.principal AND x.status = keys.status AND x.action_id = keys.action_id
    ), log AS (
      DELETE FROM action_provider.log l USING gone WHERE l.action_id = gone.action_id
    ), secrets AS (
      DELETE FROM action_provider.secrets s USING gone WHERE s.action_id = gone.action_id
    ), steps AS (
      DELETE FROM action_provider.steps s USING gone WHERE s.action_id = gone.action_id
    ), events AS (
      DELETE FROM action_provider.events e USING gone WHERE e.action_id = gone.action_id
    ), jobs AS (
      DELETE FROM action_provider.jobs j USING gone WHERE j.action_id = gone.action_id
    ), counted AS (
      ${addCounts(`SELECT provider, ${SHARD}, ${byStatus('-')}
      FROM gone GROUP BY provider ORDER BY provider`)}
    )
    SELECT action_id FROM gone`,
)

/** Actions past their release that no other instance is removing. */
const RELEASED: Statement = {
  name: 'released',
  text: `SELECT ${ACTION_COLUMNS} FROM action_provider.actions a WHERE a.release_at <= $1
    ORDER BY a.release_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
}

/** Removes those of the given actions that nobody has changed since. Resolves with their number. */
export async function remove(query: Query, actions: readonly StoredAction[]): Promise<number> {
  const keys = actions.flatMap((action) =>
    accessKeysOf(action).map((key) => ({ ...key, ...keyOf(action), status: STATUS_CODES[action.status] })),
  )
  const gone = await query(REMOVE, REMOVE.values({ actions, keys }))
  return gone.length
}

/** Removes up to `limit` actions that are past their release. Resolves with their number. */
export function sweepReleased(database: Database, now: number, limit: number): Promise<number> {
  return database.transaction(async (query) => {
    const rows = await query<ActionRow>(RELEASED, [now, limit])
    return rows.length === 0 ? 0 : remove(query, rows.map(actionOf))
  })
}

import { uuidText } from '../../action/keys.ts'
import { accessKeys } from '../access.ts'
import type { ListQuery } from '../action-store.ts'
import { STATUS_CODES } from '../codes.ts'
import { readListMarker } from '../markers.ts'
import type { Database } from './database.ts'
import { type Statement, statement } from './statement.ts'

/**
 * For each combination of role, principal and status, reads one range of the primary key of `access` from its
 * newest end, up to one page. The cost depends on the combinations and the page, not on the number of
 * actions.
 */
const LIST = statement(
  'list',
  {
    provider: 'text',
    who: { role: 'smallint', principal: 'bytea' },
    statuses: { status: 'smallint' },
    before: 'uuid',
    now: 'float8',
    limit: 'integer',
  },
  ({ provider, who, statuses, before, now, limit }) => `SELECT a.action_id, a.document
    FROM (
      SELECT DISTINCT page.action_id
      FROM ${who.rows}
      CROSS JOIN ${statuses.rows}
      CROSS JOIN LATERAL (
        SELECT x.action_id FROM action_provider.access x
        WHERE x.provider = ${provider} AND x.role = who.role AND x.principal = who.principal
          AND x.status = statuses.status AND x.action_id < ${before} AND (x.release_at IS NULL OR x.release_at > ${now})
        ORDER BY x.action_id DESC LIMIT ${limit}
      ) AS page
      ORDER BY page.action_id DESC LIMIT ${limit}
    ) AS found
    JOIN action_provider.actions a ON a.action_id = found.action_id
    ORDER BY a.action_id DESC`,
)

const OVERDUE: Statement = {
  name: 'overdue',
  text: `SELECT action_id FROM action_provider.actions
    WHERE provider = $1 AND status < 2 AND deadline_at <= $2 ORDER BY deadline_at LIMIT $3`,
}

const CANCELS: Statement = {
  name: 'cancels',
  text: `SELECT action_id FROM action_provider.actions
    WHERE provider = $1 AND status < 2 AND cancel_requested_at <= $2 ORDER BY cancel_requested_at LIMIT $3`,
}

/** After every UUIDv7. */
const NEWEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export async function list(
  database: Database,
  provider: string,
  { principals, statuses, limit, before }: ListQuery,
  now: number,
): Promise<{ action_id: string; document: string }[]> {
  const who = accessKeys(principals)
  const older = before === undefined ? NEWEST : uuidText(readListMarker(before))
  if (who.length === 0) return []
  const values = LIST.values({
    provider,
    who,
    statuses: [...new Set(statuses)].map((status) => ({ status: STATUS_CODES[status] })),
    before: older,
    now,
    limit,
  })
  return database.query(LIST, values)
}

/** Unfinished actions whose deadline has passed, oldest deadline first. */
export async function overdue(
  database: Database,
  provider: string,
  now: number,
  limit: number,
): Promise<string[]> {
  return idsOf(await database.query(OVERDUE, [provider, now, limit]))
}

/** Unfinished actions whose cancel was requested by a time, oldest request first. */
export async function cancelsSince(
  database: Database,
  provider: string,
  before: number,
  limit: number,
): Promise<string[]> {
  return idsOf(await database.query(CANCELS, [provider, before, limit]))
}

function idsOf(rows: readonly { action_id: string }[]): string[] {
  return rows.map((row) => row.action_id)
}

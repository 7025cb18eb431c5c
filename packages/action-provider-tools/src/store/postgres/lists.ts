import { uuidText } from '../../action/keys.ts'
import type { ListQuery } from '../action-store.ts'
import { ROLE_CODES, STATUS_CODES } from '../codes.ts'
import { readListMarker } from '../list-marker.ts'
import { principalKey } from '../principal-key.ts'
import type { Database, Statement } from './database.ts'

/**
 * Every combination of role, principal and status is a walk from the newest end of one stretch of the key of `access`,
 * which ends after a page: the cost depends on the combinations and the page, not on how many actions there are.
 */
const LIST: Statement = {
  name: 'list',
  text: `SELECT a.action_id, a.document
    FROM (
      SELECT DISTINCT page.action_id
      FROM unnest($2::smallint[], $3::bytea[]) AS who(role, principal)
      CROSS JOIN unnest($4::smallint[]) AS s(status)
      CROSS JOIN LATERAL (
        SELECT x.action_id FROM action_provider.access x
        WHERE x.provider = $1 AND x.role = who.role AND x.principal = who.principal AND x.status = s.status
          AND x.action_id < $5::uuid AND (x.release_at IS NULL OR x.release_at > $6)
        ORDER BY x.action_id DESC LIMIT $7
      ) AS page
      ORDER BY page.action_id DESC LIMIT $7
    ) AS found
    JOIN action_provider.actions a ON a.action_id = found.action_id
    ORDER BY a.action_id DESC`,
}

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

/** Newer than every UUIDv7. */
const NEWEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

export async function list(
  database: Database,
  provider: string,
  { principals, statuses, limit, before }: ListQuery,
  now: number,
): Promise<{ action_id: string; document: string }[]> {
  const older = before === undefined ? NEWEST : uuidText(readListMarker(before))
  const roles = Object.keys(ROLE_CODES) as (keyof ListQuery['principals'])[]
  const who = roles.flatMap((role) =>
    [...new Set(principals[role])].map((principal) => ({
      role: ROLE_CODES[role],
      principal: principalKey(principal),
    })),
  )
  if (who.length === 0) return []
  return database.query(LIST, [
    provider,
    who.map(({ role }) => role),
    who.map(({ principal }) => principal),
    [...new Set(statuses)].map((status) => STATUS_CODES[status]),
    older,
    now,
    limit,
  ])
}

/** Unfinished actions whose deadline has passed, oldest first. */
export async function overdue(
  database: Database,
  provider: string,
  now: number,
  limit: number,
): Promise<string[]> {
  return idsOf(await database.query(OVERDUE, [provider, now, limit]))
}

/** Unfinished actions whose cancel was asked for, oldest first. */
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

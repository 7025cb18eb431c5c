import type { ActionLogEntry } from '../../documents/log-page.ts'
import type { LogQuery } from '../action-store.ts'
import { type LogPosition, readLogMarker, writeLogMarker } from '../log-marker.ts'
import type { Database, Statement } from './database.ts'

const OLDEST_FIRST = page('log-oldest-first', '>', 'ASC')
const NEWEST_FIRST = page('log-newest-first', '<', 'DESC')

/** A row for each entry, one of nulls where the action has none on this page, and none at all where there is no action. */
function page(name: string, after: '<' | '>', order: 'ASC' | 'DESC'): Statement {
  return {
    name,
    text: `SELECT l.time, l.number::float8 AS number, l.entry FROM action_provider.actions a
      LEFT JOIN LATERAL (
        SELECT time, number, entry FROM action_provider.log
        WHERE action_id = $1 AND time >= $4 AND time <= $5 AND (time, number) ${after} ($6::float8, $7::bigint)
        ORDER BY time ${order}, number ${order} LIMIT $8
      ) l ON true
      WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)
      ORDER BY l.time ${order}, l.number ${order}`,
  }
}

type Row = (LogPosition & { entry: string }) | { entry: null }

/** A page of an action's log, in order of time and, within it, of writing; `undefined` where there is no such action. */
export async function readLog(
  database: Database,
  provider: string,
  actionId: string,
  { limit, newestFirst, marker, since = -Infinity, until = Infinity }: LogQuery,
  now: number,
): Promise<{ entries: ActionLogEntry[]; marker?: string } | undefined> {
  const after = marker === undefined ? beginning(newestFirst) : readLogMarker(marker)
  const rows = await database.query<Row>(newestFirst ? NEWEST_FIRST : OLDEST_FIRST, [
    actionId,
    provider,
    now,
    since,
    until,
    after.time,
    after.number,
    limit + 1,
  ])
  if (rows.length === 0) return undefined
  const found = rows.filter((row) => row.entry !== null)
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return {
    entries: shown.map((row) => JSON.parse(row.entry) as ActionLogEntry),
    ...(found.length > limit && last && { marker: writeLogMarker(last) }),
  }
}

function beginning(newestFirst: boolean): LogPosition {
  return { time: newestFirst ? Infinity : -Infinity, number: 0 }
}

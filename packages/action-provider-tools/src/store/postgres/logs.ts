import type { ActionLogEntry } from '../../documents/log-page.ts'
import type { LogQuery } from '../action-store.ts'
import { type LogPosition, readLogMarker, writeLogMarker } from '../log-marker.ts'
import type { Database, Statement } from './database.ts'

const OLDEST_FIRST = page('log-oldest-first', '>', 'ASC')
const NEWEST_FIRST = page('log-newest-first', '<', 'DESC')

function page(name: string, after: '<' | '>', order: 'ASC' | 'DESC'): Statement {
  return {
    name,
    text: `SELECT l.time, l.number::float8 AS number, l.entry FROM action_provider.log l
      WHERE l.action_id = $1 AND l.time >= $4 AND l.time <= $5 AND (l.time, l.number) ${after} ($6::float8, $7::bigint)
        AND EXISTS (SELECT FROM action_provider.actions a
          WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3))
      ORDER BY l.time ${order}, l.number ${order} LIMIT $8`,
  }
}

/** A page of an action's log, in order of time and, within it, of writing. */
export async function readLog(
  database: Database,
  provider: string,
  actionId: string,
  { limit, newestFirst, marker, since = -Infinity, until = Infinity }: LogQuery,
  now: number,
): Promise<{ entries: ActionLogEntry[]; marker?: string }> {
  const after = marker === undefined ? beginning(newestFirst) : readLogMarker(marker)
  const rows = await database.query<LogPosition & { entry: string }>(
    newestFirst ? NEWEST_FIRST : OLDEST_FIRST,
    [actionId, provider, now, since, until, after.time, after.number, limit + 1],
  )
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    entries: shown.map((row) => JSON.parse(row.entry) as ActionLogEntry),
    ...(rows.length > limit && last && { marker: writeLogMarker(last) }),
  }
}

function beginning(newestFirst: boolean): LogPosition {
  return { time: newestFirst ? Infinity : -Infinity, number: 0 }
}

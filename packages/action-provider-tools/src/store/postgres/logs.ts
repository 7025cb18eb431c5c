import type { ActionLogEntry } from '../../documents/log-page.ts'
import { parseTime } from '../../documents/time.ts'
import type { LogQuery, PlacedEntry } from '../action-store.ts'
import { type LogPosition, readLogMarker, writeLogMarker } from '../markers.ts'
import type { Database } from './database.ts'
import { statement } from './statement.ts'

const OLDEST_FIRST = page('log-oldest-first', '>', 'ASC')
const NEWEST_FIRST = page('log-newest-first', '<', 'DESC')

/**
 * Gives a row for each entry, one row of nulls if the page has no entry, and no row if there is no such
 * action.
 */
function page(name: string, after: '<' | '>', order: 'ASC' | 'DESC') {
  return statement(
    name,
    {
      action_id: 'uuid',
      provider: 'text',
      now: 'float8',
      since: 'float8',
      until: 'float8',
      time: 'float8',
      number: 'bigint',
      limit: 'integer',
    },
    (given) => `SELECT l.time, l.number::float8 AS number, l.entry FROM action_provider.actions a
      LEFT JOIN LATERAL (
        SELECT time, number, entry FROM action_provider.log
        WHERE action_id = ${given.action_id} AND time >= ${given.since} AND time <= ${given.until}
          AND (time, number) ${after} (${given.time}, ${given.number})
        ORDER BY time ${order}, number ${order} LIMIT ${given.limit}
      ) l ON true
      WHERE a.action_id = ${given.action_id} AND a.provider = ${given.provider}
        AND (a.release_at IS NULL OR a.release_at > ${given.now})
      ORDER BY l.time ${order}, l.number ${order}`,
  )
}

/**
 * Gives a row for each entry, one row of nulls if no entry is after the position, and no row if there is no
 * such action.
 */
const AFTER = statement(
  'log-after',
  { action_id: 'uuid', provider: 'text', now: 'float8', position: 'bigint', limit: 'integer' },
  (given) => `SELECT l.number::float8 AS position, l.entry FROM action_provider.actions a
    LEFT JOIN LATERAL (
      SELECT number, entry FROM action_provider.log
      WHERE action_id = ${given.action_id} AND number > ${given.position} ORDER BY number LIMIT ${given.limit}
    ) l ON true
    WHERE a.action_id = ${given.action_id} AND a.provider = ${given.provider}
      AND (a.release_at IS NULL OR a.release_at > ${given.now})
    ORDER BY l.number`,
)

type Row = (LogPosition & { entry: string }) | { entry: null }

/** An entry as a row. */
export function logRow(
  action_id: string,
  entry: ActionLogEntry,
): { action_id: string; time: number; entry: string } {
  return { action_id, time: parseTime(entry.time), entry: JSON.stringify(entry) }
}

/**
 * A page of an action's log, by time and then by the order of writing; `undefined` if there is no such
 * action.
 */
export async function readLog(
  database: Database,
  provider: string,
  actionId: string,
  { limit, newestFirst, marker, since = -Infinity, until = Infinity }: LogQuery,
  now: number,
): Promise<{ entries: ActionLogEntry[]; marker?: string } | undefined> {
  const log = newestFirst ? NEWEST_FIRST : OLDEST_FIRST
  const { time, number } = marker === undefined ? startPosition(newestFirst) : readLogMarker(marker)
  const given = { action_id: actionId, provider, now, since, until, time, number, limit: limit + 1 }
  const rows = await database.query<Row>(log, log.values(given))
  if (rows.length === 0) return undefined
  const found = rows.filter((row) => row.entry !== null)
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return {
    entries: shown.map((row) => JSON.parse(row.entry) as ActionLogEntry),
    ...(found.length > limit && last && { marker: writeLogMarker(last) }),
  }
}

/** Log entries after a position, in the order of writing; `undefined` if there is no such action. */
export async function logAfter(
  database: Database,
  given: { provider: string; action_id: string; position: number; limit: number; now: number },
): Promise<PlacedEntry[] | undefined> {
  const rows = await database.query<{ position: number; entry: string | null }>(AFTER, AFTER.values(given))
  if (rows.length === 0) return undefined
  return rows.flatMap(({ position, entry }) =>
    entry === null ? [] : [{ position, entry: JSON.parse(entry) as ActionLogEntry }],
  )
}

function startPosition(newestFirst: boolean): LogPosition {
  return { time: newestFirst ? Infinity : -Infinity, number: 0 }
}

import type { DatabaseSync } from 'node:sqlite'
import type { ActionLogEntry } from '../../documents/log-page.ts'
import { parseTime } from '../../documents/time.ts'
import type { LogQuery, PlacedEntry } from '../action-store.ts'
import { readLogMarker, writeLogMarker } from '../markers.ts'
import { prepare } from './statement.ts'

/** The logs of actions, by time and then by the order of writing. */
export type Logs = {
  /** Appends entries to a log that has `length` entries. */
  append: (action: number, length: number, entries: readonly ActionLogEntry[]) => void
  page: (action: number, query: LogQuery) => { entries: ActionLogEntry[]; marker?: string }
  /** Entries after a position, in the order of writing. */
  after: (action: number, position: number, limit: number) => PlacedEntry[]
  remove: (action: number) => void
}

type Row = readonly [time: number, position: number, entry: string]

export function createLogs(database: DatabaseSync): Logs {
  const insert = prepare(database, 'INSERT INTO log (number, time, position, entry) VALUES (?, ?, ?, ?)')
  const erase = prepare(database, 'DELETE FROM log WHERE number = ?')
  const oldestFirst = prepare<Row>(
    database,
    `SELECT time, position, entry FROM log WHERE number = ? AND (time, position) > (?, ?) AND time <= ?
      ORDER BY time, position LIMIT ?`,
  )
  const written = prepare<readonly [position: number, entry: string]>(
    database,
    'SELECT position, entry FROM log WHERE number = ? AND position > ? ORDER BY position LIMIT ?',
  )
  const newestFirst = prepare<Row>(
    database,
    `SELECT time, position, entry FROM log WHERE number = ? AND (time, position) < (?, ?) AND time >= ?
      ORDER BY time DESC, position DESC LIMIT ?`,
  )

  function rows(action: number, { marker, since, until, newestFirst: reverse, limit }: LogQuery): Row[] {
    const from = since ?? -Number.MAX_VALUE
    const to = until ?? Number.MAX_VALUE
    const after = marker === undefined ? undefined : readLogMarker(marker)
    if (reverse) {
      // The page starts at `to`, inclusive, or after the marker, whichever is earlier.
      const start = after !== undefined && after.time <= to ? after : { time: to, number: Number.MAX_VALUE }
      return newestFirst.all(action, start.time, start.number, from, limit + 1)
    }
    const start = after !== undefined && after.time >= from ? after : { time: from, number: -1 }
    return oldestFirst.all(action, start.time, start.number, to, limit + 1)
  }

  return {
    append(action, length, entries) {
      for (const [index, entry] of entries.entries()) {
        insert.run(action, parseTime(entry.time), length + index, JSON.stringify(entry))
      }
    },
    page(action, query) {
      const found = rows(action, query)
      const page = found.slice(0, query.limit)
      const last = page.at(-1)
      return {
        entries: page.map(([, , entry]) => JSON.parse(entry) as ActionLogEntry),
        ...(found.length > query.limit &&
          last !== undefined && { marker: writeLogMarker({ time: last[0], number: last[1] }) }),
      }
    },
    after: (action, position, limit) =>
      written
        .all(action, position, limit)
        .map(([position, entry]) => ({ position, entry: JSON.parse(entry) as ActionLogEntry })),
    remove: (action) => void erase.run(action),
  }
}

import type { DatabaseSync } from 'node:sqlite'
import { uuidText } from '../../action/keys.ts'
import { accessKeys } from '../access.ts'
import type { ListQuery } from '../action-store.ts'
import { STATUS_CODES } from '../codes.ts'
import { readListMarker } from '../markers.ts'
import { prepare } from './statement.ts'

type Row = readonly [action_id: Uint8Array, document: string]
type ListItem = { action_id: string; document: string }

/** Bounds of a range: after every action id, and before every action id. */
const NEWEST = Buffer.alloc(17, 0xff)
const OLDEST = Buffer.alloc(0)

/** Lists of a provider's actions. */
type Lists = {
  list: (provider: number, query: ListQuery, now: number) => ListItem[]
  /** Unfinished actions whose deadline has passed, oldest deadline first. */
  overdue: (provider: number, now: number, limit: number) => string[]
  /** Unfinished actions whose cancel was requested by a time, oldest request first. */
  cancelsSince: (provider: number, before: number, limit: number) => string[]
}

/**
 * Each combination of role, principal and status is a range of the index, newest first; a page is the newest
 * of all ranges. A range is not read beyond the oldest action of the page so far, so most ranges cost one
 * look-up.
 */
export function createLists(database: DatabaseSync): Lists {
  const range = prepare<Row>(
    database,
    `SELECT access.action_id, actions.document FROM access CROSS JOIN actions USING (number)
      WHERE access.provider = ? AND access.role = ? AND access.principal = ? AND access.status = ?
        AND access.action_id < ? AND access.action_id > ?
        AND (actions.release_at IS NULL OR actions.release_at > ?)
      ORDER BY access.action_id DESC LIMIT ?`,
  )

  const byDeadline = prepare<[Uint8Array]>(
    database,
    `SELECT action_id FROM actions WHERE provider = ? AND deadline_at <= ? AND status < 2
      ORDER BY deadline_at LIMIT ?`,
  )
  const byCancel = prepare<[Uint8Array]>(
    database,
    `SELECT action_id FROM actions WHERE provider = ? AND cancel_requested_at <= ? AND status < 2
      ORDER BY cancel_requested_at LIMIT ?`,
  )

  return {
    list(provider, { principals, statuses, limit, before }, now) {
      const newest = before === undefined ? NEWEST : readListMarker(before)
      let page: Row[] = []
      for (const { role, principal } of accessKeys(principals)) {
        for (const status of new Set(statuses)) {
          const oldest = page.length < limit ? OLDEST : (page.at(-1)?.[0] ?? OLDEST)
          const found = range.all(provider, role, principal, STATUS_CODES[status], newest, oldest, now, limit)
          if (found.length > 0) page = page.length > 0 ? newestOf(page, found).slice(0, limit) : found
        }
      }
      return page.map(([action_id, document]) => ({ action_id: uuidText(action_id), document }))
    },
    overdue: (provider, now, limit) => byDeadline.all(provider, now, limit).map(([id]) => uuidText(id)),
    cancelsSince: (provider, before, limit) =>
      byCancel.all(provider, before, limit).map(([id]) => uuidText(id)),
  }
}

/** Merges two lists, newest first, without duplicates. */
function newestOf(a: readonly Row[], b: readonly Row[]): Row[] {
  const sorted = [...a, ...b].sort(([first], [second]) => Buffer.compare(second, first))
  return sorted.filter(
    ([action_id], index) => index === 0 || Buffer.compare(action_id, sorted[index - 1]?.[0] ?? OLDEST) !== 0,
  )
}

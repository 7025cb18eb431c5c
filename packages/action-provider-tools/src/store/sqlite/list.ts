import type { DatabaseSync } from 'node:sqlite'
import { uuidText } from '../../action/keys.ts'
import { ROLES } from '../../documents/principal.ts'
import type { ListQuery } from '../action-store.ts'
import { ROLE_CODES, STATUS_CODES } from '../codes.ts'
import { readListMarker } from '../list-marker.ts'
import { principalKey } from '../principal-key.ts'
import { prepare } from './prepare.ts'

type Row = readonly [action_id: Uint8Array, document: string]
export type ListItem = { action_id: string; document: string }

/** Greater than every UUIDv7, and smaller than every action id. */
const NEWEST = Buffer.alloc(17, 0xff)
const OLDEST = Buffer.alloc(0)

/**
 * Reads lists. Each combination of role, principal and status is a range of the index, newest first; the page is the newest
 * of all ranges. A range is read no further back than the page found so far, so that most cost one look.
 */
export function createList(
  database: DatabaseSync,
): (provider: number, query: ListQuery, now: number) => ListItem[] {
  const range = prepare<Row>(
    database,
    `SELECT access.action_id, actions.document FROM access CROSS JOIN actions USING (number)
      WHERE access.provider = ? AND access.role = ? AND access.principal = ? AND access.status = ?
        AND access.action_id < ? AND access.action_id > ?
        AND (actions.release_at IS NULL OR actions.release_at > ?)
      ORDER BY access.action_id DESC LIMIT ?`,
  )

  return (provider, { principals, statuses, limit, before }, now) => {
    const newest = before === undefined ? NEWEST : readListMarker(before)
    let page: Row[] = []
    for (const [role, principal] of pairs(principals)) {
      for (const status of new Set(statuses)) {
        const oldest = page.length < limit ? OLDEST : (page.at(-1)?.[0] ?? OLDEST)
        const found = range.all(provider, role, principal, STATUS_CODES[status], newest, oldest, now, limit)
        if (found.length > 0) page = page.length > 0 ? newestOf(page, found).slice(0, limit) : found
      }
    }
    return page.map(([action_id, document]) => ({ action_id: uuidText(action_id), document }))
  }
}

function* pairs(principals: ListQuery['principals']): Generator<[role: number, principal: Buffer]> {
  for (const role of ROLES) {
    for (const principal of new Set(principals[role])) yield [ROLE_CODES[role], principalKey(principal)]
  }
}

/** Two lists as one, newest first, each action once. */
function newestOf(a: readonly Row[], b: readonly Row[]): Row[] {
  const sorted = [...a, ...b].sort(([first], [second]) => Buffer.compare(second, first))
  return sorted.filter(
    ([action_id], index) => index === 0 || Buffer.compare(action_id, sorted[index - 1]?.[0] ?? OLDEST) !== 0,
  )
}

import type { StoredAction } from '../action-store.ts'
import { optional } from '../changes.ts'
import { STATUSES } from '../codes.ts'

/** What an action's row is read as, in the order of ActionRow. */
export const ACTION_COLUMNS = `number, action_id, provider, content_hash, log_length, status, version, attempt, creator_id,
  monitor_by, manage_by, runs_on, cancel_requested_at, deadline_at, release_at, document`

export type ActionRow = readonly [
  number: number,
  action_id: Uint8Array,
  provider: number,
  content_hash: Uint8Array,
  log_length: number,
  status: number,
  version: number,
  attempt: number,
  creator_id: string,
  monitor_by: string | null,
  manage_by: string | null,
  runs_on: string | null,
  cancel_requested_at: number | null,
  deadline_at: number | null,
  release_at: number | null,
  document: string,
]

/** Fields of a row that are asked for without the others. */
export const NUMBER = 0
export const ACTION_ID = 1
export const PROVIDER = 2
export const CONTENT_HASH = 3
export const LOG_LENGTH = 4
export const RELEASE_AT = 14

/** The action in a row. The caller knows the texts of its two keys. */
export function actionOf(row: ActionRow, provider: string, action_id: string): StoredAction {
  const [, , , , , status, version, attempt, creator_id, monitor_by, manage_by, runs_on, cancel, deadline] =
    row
  return {
    ...optional({
      runs_on: runs_on ?? undefined,
      cancel_requested_at: cancel ?? undefined,
      deadline_at: deadline ?? undefined,
      release_at: row[RELEASE_AT] ?? undefined,
    }),
    action_id,
    provider,
    creator_id,
    monitor_by: readList(monitor_by),
    manage_by: readList(manage_by),
    status: STATUSES[status] ?? 'FAILED',
    document: row[15],
    version,
    attempt,
  }
}

const NONE: readonly string[] = []

function readList(text: string | null): readonly string[] {
  return text === null ? NONE : (JSON.parse(text) as string[])
}

/** A list of principals in a column; most lists are empty. */
export function writeList(list: readonly string[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list)
}

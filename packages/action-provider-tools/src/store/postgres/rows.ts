import { accessKeysOf } from '../access.ts'
import type { StoredAction } from '../action-store.ts'
import { presentFields } from '../changes.ts'
import { STATUS_CODES, STATUSES } from '../codes.ts'

/** An action as a row. */
export type ActionRow = {
  action_id: string
  provider: string
  creator_id: string
  monitor_by: string
  manage_by: string
  status: number
  document: string
  version: number
  attempt: number
  lease: number
  report: number
  failures: number
  runs_on: string | null
  cancel_requested_at: number | null
  cancel_requested_by: string | null
  resumed_by: string | null
  deadline_at: number | null
  release_at: number | null
  events: number
  work_version: string | null
}

/** The columns of an ActionRow, for the table alias `a`. */
export const ACTION_COLUMNS = `a.action_id, a.provider, a.creator_id, a.monitor_by, a.manage_by, a.status, a.document,
  a.version, a.attempt, a.lease, a.report, a.failures, a.runs_on, a.cancel_requested_at, a.cancel_requested_by, a.resumed_by,
  a.deadline_at, a.release_at, a.events, a.work_version`

/** The columns of an action that a transition can change. */
export const CHANGING_COLUMNS = {
  status: 'smallint',
  document: 'text',
  version: 'integer',
  attempt: 'integer',
  failures: 'integer',
  lease: 'integer',
  report: 'integer',
  runs_on: 'text',
  cancel_requested_at: 'float8',
  cancel_requested_by: 'text',
  resumed_by: 'text',
  release_at: 'float8',
  events: 'integer',
} as const

export function changingValues(action: StoredAction): { [Column in keyof typeof CHANGING_COLUMNS]: unknown } {
  return {
    status: STATUS_CODES[action.status],
    document: action.document,
    version: action.version,
    attempt: action.attempt,
    failures: action.failures,
    lease: action.lease,
    report: action.report,
    runs_on: action.runs_on,
    cancel_requested_at: action.cancel_requested_at,
    cancel_requested_by: action.cancel_requested_by,
    resumed_by: action.resumed_by,
    release_at: action.release_at,
    events: action.events,
  }
}

/** The columns of an action that are written when it is recorded. */
export const RECORDED_COLUMNS = {
  action_id: 'uuid',
  request_key: 'uuid',
  provider: 'text',
  creator_id: 'text',
  monitor_by: 'text',
  manage_by: 'text',
  deadline_at: 'float8',
  work_version: 'text',
  job_key: 'text',
  ...CHANGING_COLUMNS,
} as const

/** @param keys values that are recorded with an action but are not part of it */
export function recordedValues(
  action: StoredAction,
  { request_key, job_key = '' }: { request_key: string; job_key?: string | undefined },
): { [Column in keyof typeof RECORDED_COLUMNS]: unknown } {
  return {
    ...keyOf(action),
    request_key,
    job_key,
    creator_id: action.creator_id,
    monitor_by: writeList(action.monitor_by),
    manage_by: writeList(action.manage_by),
    deadline_at: action.deadline_at,
    work_version: action.work_version,
    ...changingValues(action),
  }
}

/** The columns of a request's row. */
export const REQUEST_COLUMNS = {
  request_key: 'uuid',
  action_id: 'uuid',
  content_hash: 'bytea',
  request: 'text',
} as const

/** The columns of the table `access`: who has which role in an action. */
export const ACCESS_COLUMNS = {
  action_id: 'uuid',
  provider: 'text',
  role: 'smallint',
  principal: 'bytea',
  status: 'smallint',
  release_at: 'float8',
} as const

/** The rows of `access` for an action. */
export function accessRows(action: StoredAction): { [Column in keyof typeof ACCESS_COLUMNS]: unknown }[] {
  const common = { ...keyOf(action), status: STATUS_CODES[action.status], release_at: action.release_at }
  return accessKeysOf(action).map((key) => ({ ...common, ...key }))
}

export function actionOf(row: ActionRow): StoredAction {
  const status = STATUSES[row.status]
  if (status === undefined) throw new RangeError(`No action has the status ${row.status}`)
  return {
    ...presentFields({
      runs_on: row.runs_on ?? undefined,
      cancel_requested_at: row.cancel_requested_at ?? undefined,
      cancel_requested_by: row.cancel_requested_by ?? undefined,
      resumed_by: row.resumed_by ?? undefined,
      deadline_at: row.deadline_at ?? undefined,
      release_at: row.release_at ?? undefined,
      work_version: row.work_version ?? undefined,
    }),
    action_id: row.action_id,
    provider: row.provider,
    creator_id: row.creator_id,
    monitor_by: readList(row.monitor_by),
    manage_by: readList(row.manage_by),
    status,
    document: row.document,
    version: row.version,
    attempt: row.attempt,
    lease: row.lease,
    report: row.report,
    failures: row.failures,
    events: row.events,
  }
}

/** The key of an action in the other tables. */
export function keyOf({ action_id, provider }: StoredAction): Pick<StoredAction, 'action_id' | 'provider'> {
  return { action_id, provider }
}

/** Writes a list of principals: one a line. Most lists are empty. */
function writeList(principals: readonly string[]): string {
  return principals.join('\n')
}

function readList(text: string): string[] {
  return text === '' ? [] : text.split('\n')
}

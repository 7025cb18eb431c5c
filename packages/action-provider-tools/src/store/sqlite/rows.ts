import type { StoredAction } from '../action-store.ts'
import { presentFields } from '../changes.ts'
import { STATUS_CODES, STATUSES } from '../codes.ts'
import type { Recent } from '../recent.ts'
import type { Access } from './access.ts'
import type { Counts } from './counts.ts'
import type { Jobs } from './jobs.ts'
import type { Logs } from './logs.ts'
import type { Requests } from './requests.ts'
import type { Values } from './statement.ts'
import type { Steps } from './steps.ts'

/** The tables beside `actions`, and the cache. */
export type Parts = {
  access: Access
  counts: Counts
  jobs: Jobs
  logs: Logs
  recent: Recent
  requests: Requests
  steps: Steps
}

/** The columns of an action that a transition can change. */
export const CHANGING_COLUMNS = [
  'status',
  'version',
  'attempt',
  'log_length',
  'runs_on',
  'cancel_requested_at',
  'cancel_requested_by',
  'resumed_by',
  'release_at',
  'document',
  'lease',
  'report',
  'failures',
  'events',
] as const

/** @param log_length how many entries its log has */
export function changingValues(
  action: StoredAction,
  log_length: number,
): Values<(typeof CHANGING_COLUMNS)[number]> {
  return {
    status: STATUS_CODES[action.status],
    version: action.version,
    attempt: action.attempt,
    log_length,
    runs_on: action.runs_on,
    cancel_requested_at: action.cancel_requested_at,
    cancel_requested_by: action.cancel_requested_by,
    resumed_by: action.resumed_by,
    release_at: action.release_at,
    document: action.document,
    lease: action.lease,
    report: action.report,
    failures: action.failures,
    events: action.events,
  }
}

/** The columns of an action that are written when it is recorded. */
export const RECORDED_COLUMNS = [
  'action_id',
  'request_key',
  'content_hash',
  'provider',
  'creator_id',
  'monitor_by',
  'manage_by',
  'deadline_at',
  'work_version',
  'job_key',
  ...CHANGING_COLUMNS,
] as const

/**
 * The values that are recorded with an action but are not part of it, and its keys as the tables have them.
 */
export type RecordedKeys = {
  action_id: Uint8Array
  provider: number
  request_key: Uint8Array
  content_hash: Uint8Array
  job_key?: string | undefined
}

/** @param log_length how many entries its log has */
export function recordedValues(
  action: StoredAction,
  { job_key = '', ...keys }: RecordedKeys,
  log_length: number,
): Values<(typeof RECORDED_COLUMNS)[number]> {
  return {
    ...keys,
    job_key,
    creator_id: action.creator_id,
    monitor_by: writeList(action.monitor_by),
    manage_by: writeList(action.manage_by),
    deadline_at: action.deadline_at,
    work_version: action.work_version,
    ...changingValues(action, log_length),
  }
}

/** The columns of an action without its binary keys, in the order of StatusRow. */
export const STATUS_ROW_COLUMNS = `number, provider, log_length, status, version, attempt, creator_id, monitor_by, manage_by,
  runs_on, cancel_requested_at, deadline_at, release_at, document, lease, report, failures, cancel_requested_by,
  resumed_by, events, work_version`

export type StatusRow = readonly [
  number: number,
  provider: number,
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
  lease: number,
  report: number,
  failures: number,
  cancel_requested_by: string | null,
  resumed_by: string | null,
  events: number,
  work_version: string | null,
]

/**
 * All columns of an action, in the order of ActionRow. Binary keys are slow to read, so most queries leave
 * them out.
 */
export const ACTION_COLUMNS = `${STATUS_ROW_COLUMNS}, action_id, content_hash`

export type ActionRow = readonly [...StatusRow, action_id: Uint8Array, content_hash: Uint8Array]

/** Positions of single fields in a row. */
export const NUMBER = 0
export const PROVIDER = 1
export const LOG_LENGTH = 2
export const RELEASE_AT = 12
const DOCUMENT = 13
const LEASE = 14
const REPORT = 15
const FAILURES = 16
const CANCEL_REQUESTED_BY = 17
const RESUMED_BY = 18
const EVENTS = 19
const WORK_VERSION = 20
export const ACTION_ID = 21
export const CONTENT_HASH = 22

/** Converts a row to an action. The caller knows its provider and id as text. */
export function actionOf(row: StatusRow | ActionRow, provider: string, action_id: string): StoredAction {
  const [, , , status, version, attempt, creator_id, monitor_by, manage_by, runs_on, cancel, deadline] = row
  return {
    ...presentFields({
      runs_on: runs_on ?? undefined,
      cancel_requested_at: cancel ?? undefined,
      cancel_requested_by: row[CANCEL_REQUESTED_BY] ?? undefined,
      resumed_by: row[RESUMED_BY] ?? undefined,
      deadline_at: deadline ?? undefined,
      release_at: row[RELEASE_AT] ?? undefined,
      work_version: row[WORK_VERSION] ?? undefined,
    }),
    action_id,
    provider,
    creator_id,
    monitor_by: readList(monitor_by),
    manage_by: readList(manage_by),
    status: STATUSES[status] ?? 'FAILED',
    document: row[DOCUMENT],
    version,
    attempt,
    lease: row[LEASE],
    report: row[REPORT],
    failures: row[FAILURES],
    events: row[EVENTS],
  }
}

const NONE: readonly string[] = []

function readList(text: string | null): readonly string[] {
  return text === null ? NONE : (JSON.parse(text) as string[])
}

/** Writes a list of principals. Most lists are empty. */
function writeList(list: readonly string[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list)
}

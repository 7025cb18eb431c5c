/**
 * What may happen to an action next (interface, "Life of an action"). Each function takes an action as stored and
 * returns the change that follows, or throws what the caller must be told. Nothing here reads a clock, a store or a network:
 * the time comes as `now`, in milliseconds since 1970.
 */

import type { ActionRequest } from '../documents/action-request.ts'
import {
  type ActionDetails,
  type ActionStatus,
  type ActionStatusValue,
  isComplete as isCompleteStatus,
} from '../documents/action-status.ts'
import { parseDuration } from '../documents/duration.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime, parseTime } from '../documents/time.ts'
import { ActionConflict } from '../errors.ts'
import type { Change, StoredAction } from '../store/action-store.ts'

/** How long a complete action is kept when its request does not say (interface, "ActionRequest"). */
export const DEFAULT_RELEASE_AFTER = 'P30D'

/** What failed, in words for the caller: the details of a FAILED action. */
export type Failure = { code: string; description: string } & Record<string, unknown>

/** Why an action waits for somebody: the details of an INACTIVE action. */
export type Inactivity = Failure & { required_scope?: string; resolution_url?: string }

const CANCELING = 'Canceling for '
const CANCELED = 'Canceled by '

/** The status an action starts with. */
export function begin(
  action_id: string,
  creator_id: string,
  request: ActionRequest,
  now: number,
): ActionStatus {
  return {
    action_id,
    status: 'ACTIVE',
    details: {},
    creator_id,
    ...(request.label !== undefined && { label: request.label }),
    ...(request.monitor_by?.length && { monitor_by: request.monitor_by }),
    ...(request.manage_by?.length && { manage_by: request.manage_by }),
    start_time: formatTime(now),
    release_after: request.release_after ?? DEFAULT_RELEASE_AFTER,
    display_status: 'ACTIVE',
  }
}

/** Whether nothing can change any more but that the action is released. */
export function isComplete({ status }: { status: ActionStatusValue }): boolean {
  return isCompleteStatus(status)
}

/** The status document of a stored action. */
export function statusOf(action: StoredAction): ActionStatus {
  return JSON.parse(action.document) as ActionStatus
}

/** The work of an action begins, once more or for the first time. */
export function startAttempt(action: StoredAction, instance: string): Change {
  return { attempt: action.attempt + 1, runs_on: instance }
}

/** The work says how far it is. */
export function progress(
  action: StoredAction,
  report: { details?: ActionDetails; displayStatus?: string },
  log: readonly ActionLogEntry[],
): Change {
  const status = statusOf(action)
  return {
    status: {
      ...status,
      ...(report.details !== undefined && { details: report.details }),
      // Somebody who canceled wants to see that it is being canceled, not how the work goes on.
      ...(report.displayStatus !== undefined &&
        action.cancel_requested_at === undefined && {
          display_status: report.displayStatus.slice(0, 64) || 'ACTIVE',
        }),
    },
    log,
  }
}

/** The work has ended well, unless somebody canceled it meanwhile: a late return of canceled work changes nothing. */
export function succeed(
  action: StoredAction,
  details: ActionDetails,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return succeedFrom(statusOf(action), details, now, log)
}

/** The work has ended well; nobody has canceled its action, which had the given status. */
export function succeedFrom(
  status: ActionStatus,
  details: ActionDetails,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  return complete(status, { status: 'SUCCEEDED', details, display_status: 'SUCCEEDED' }, now, log)
}

/** The work has failed, unless somebody canceled it meanwhile. */
export function fail(
  action: StoredAction,
  failure: Failure,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return complete(
    statusOf(action),
    { status: 'FAILED', details: failure, display_status: 'FAILED' },
    now,
    log,
  )
}

/** The work waits for somebody, who resumes it. */
export function pause(
  action: StoredAction,
  why: Inactivity,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return {
    status: { ...statusOf(action), status: 'INACTIVE', details: why, display_status: 'INACTIVE' },
    runs_on: null,
    job: 'done',
    log,
  }
}

/** @throws ActionConflict unless the action is INACTIVE (interface, resume). */
export function resume(action: StoredAction, now: number, secret?: Uint8Array): Change {
  if (action.status !== 'INACTIVE') {
    throw new ActionConflict(`This action is ${action.status}: only an INACTIVE action can be resumed`)
  }
  return {
    status: { ...statusOf(action), status: 'ACTIVE', details: {}, display_status: 'ACTIVE' },
    job: { due_at: now },
    ...(secret && { secret }),
  }
}

/** The work will be tried once more at `dueAt`. */
export function retry(dueAt: number, log: readonly ActionLogEntry[]): Change {
  return { runs_on: null, job: { due_at: dueAt }, log }
}

/**
 * Somebody cancels. What runs is told to stop and remains ACTIVE until it has; what does not run has
 * ended at once. A complete action, or one that is being canceled already, is left as it is.
 * @param by who cancels, in words
 */
export function cancel(action: StoredAction, by: string, now: number): Change | undefined {
  if (isComplete(action) || action.cancel_requested_at !== undefined) return undefined
  const display_status = `${CANCELING}${by}`.slice(0, 64)
  if (action.runs_on === undefined) {
    return canceled({ ...action, document: JSON.stringify({ ...statusOf(action), display_status }) }, now, [])
  }
  return { status: { ...statusOf(action), display_status }, cancel_requested_at: now }
}

/** Canceled work has stopped, or its time to do so is over. */
export function canceled(action: StoredAction, now: number, log: readonly ActionLogEntry[]): Change {
  const status = statusOf(action)
  const by = status.display_status?.startsWith(CANCELING)
    ? status.display_status.slice(CANCELING.length)
    : 'request'
  const details = { code: 'Canceled', description: `The action was canceled by ${by}` }
  return complete(
    status,
    { status: 'FAILED', details, display_status: `${CANCELED}${by}`.slice(0, 64) },
    now,
    log,
  )
}

/** @throws ActionConflict while the action is not complete (interface, release). */
export function release(action: StoredAction): Change {
  if (!isComplete(action)) {
    throw new ActionConflict(
      `This action is ${action.status}: cancel it or wait until it is complete, then release it`,
    )
  }
  return { release: true }
}

function complete(
  status: ActionStatus,
  end: Pick<ActionStatus, 'status' | 'details'> & { display_status: string },
  now: number,
  log: readonly ActionLogEntry[],
): Change {
  // A clock that went back between start and end must not make an action end before it began.
  const started = status.start_time === undefined ? now : parseTime(status.start_time)
  const completedAt = Math.max(now, started)
  return {
    status: { ...status, ...end, completion_time: formatTime(completedAt) },
    runs_on: null,
    release_at: completedAt + parseDuration(status.release_after ?? DEFAULT_RELEASE_AFTER),
    log,
  }
}

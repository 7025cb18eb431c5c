/**
 * What may happen to an action next (interface, "Life of an action"). Each function takes an action as stored and
 * returns the change that follows, or throws what the caller must be told. Nothing here reads a clock, a store or a network:
 * the time comes as `now`, in milliseconds since 1970.
 */

import type { ActionRequest } from '../documents/action-request.ts'
import { type ActionDetails, type ActionStatus, isComplete } from '../documents/action-status.ts'
import { parseDuration } from '../documents/duration.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime, parseTime } from '../documents/time.ts'
import { ActionConflict } from '../errors.ts'
import type { Change, Hold, StoredAction } from '../store/action-store.ts'

/** What of an action decides what may happen to it next. */
export type LivingAction = Pick<
  StoredAction,
  | 'status'
  | 'document'
  | 'attempt'
  | 'runs_on'
  | 'cancel_requested_at'
  | 'cancel_requested_by'
  | 'deadline_at'
>

/** How long a complete action is kept when its request does not say (interface, "ActionRequest"). */
const DEFAULT_RELEASE_AFTER = 'P30D'

/** What failed, in words for the caller: the details of a FAILED action. */
export type Failure = { code: string; description: string } & Record<string, unknown>

/** Why an action waits for somebody: the details of an INACTIVE action. */
export type Inactivity = Failure & { required_scope?: string; resolution_url?: string }

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

/** The status document of a stored action. */
export function statusOf(action: LivingAction): ActionStatus {
  return JSON.parse(action.document) as ActionStatus
}

/** The work of an action begins, once more or for the first time, on an instance that holds its job under a lease. */
export function startAttempt(action: LivingAction, { instance, lease }: Hold): Change {
  return { attempt: action.attempt + 1, runs_on: instance, lease, report: 0 }
}

/** The work says how far it is. */
export function progress(
  action: LivingAction,
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
  action: LivingAction,
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
  action: LivingAction,
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
  action: LivingAction,
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

/**
 * Somebody lets the work go on.
 * @param by who does, as a URN
 * @param secret what is sealed for the work from now on, where that changes
 * @throws ActionConflict unless the action is INACTIVE (interface, resume).
 */
export function resume(action: LivingAction, by: string, now: number, secret?: Uint8Array): Change {
  if (action.status !== 'INACTIVE') {
    throw new ActionConflict(`This action is ${action.status}: only an INACTIVE action can be resumed`)
  }
  return { ...wake(action, now), resumed_by: by, ...(secret && { secret }) }
}

/** The work of an INACTIVE action begins once more, if only to be told that it must end. */
export function wake(action: LivingAction, now: number): Change {
  return {
    status: { ...statusOf(action), status: 'ACTIVE', details: {}, display_status: 'ACTIVE' },
    job: { due_at: now },
  }
}

/**
 * The work will be tried once more at `dueAt`.
 * @param failures how often it has failed by now
 */
export function retry(dueAt: number, failures: number, log: readonly ActionLogEntry[]): Change {
  return { runs_on: null, failures, job: { due_at: dueAt }, log }
}

/**
 * Somebody cancels. What has to stop first is told so, and remains ACTIVE until it has; anything else has ended at
 * once. A complete action, or one that is being canceled already, is left as it is.
 * @param by who cancels, in words
 * @param hasToStop whether work goes on somewhere (default: whether it runs on an instance)
 */
export function cancel(
  action: LivingAction,
  by: string,
  now: number,
  hasToStop = action.runs_on !== undefined,
): Change | undefined {
  if (isComplete(action.status) || action.cancel_requested_at !== undefined) return undefined
  const canceling = { cancel_requested_at: now, cancel_requested_by: by }
  if (!hasToStop) return { ...canceled({ ...action, ...canceling }, now, []), ...canceling }
  const display_status = `Canceling for ${by}`.slice(0, 64)
  const woken = action.status === 'INACTIVE' ? wake(action, now).status : undefined
  return { status: { ...(woken ?? statusOf(action)), display_status }, ...canceling }
}

/** Canceled work has stopped, or its time to do so is over. */
export function canceled(action: LivingAction, now: number, log: readonly ActionLogEntry[]): Change {
  const by = action.cancel_requested_by ?? 'request'
  const details = { code: 'Canceled', description: `The action was canceled by ${by}` }
  return complete(
    statusOf(action),
    { status: 'FAILED', details, display_status: `Canceled by ${by}`.slice(0, 64) },
    now,
    log,
  )
}

/** @throws ActionConflict while the action is not complete (interface, release). */
export function release(action: LivingAction): Change {
  if (!isComplete(action.status)) {
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

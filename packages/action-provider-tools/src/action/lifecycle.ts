/**
 * The lifecycle of an action (interface, "Life of an action"). Each function takes an action as stored and
 * returns the change that follows, or throws the error for the caller. Functions are pure: times are
 * parameters, in milliseconds since 1970.
 */

import type { ActionRequest } from '../documents/action-request.ts'
import { type ActionDetails, type ActionStatus, isComplete } from '../documents/action-status.ts'
import { parseDuration } from '../documents/duration.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime, parseTime } from '../documents/time.ts'
import { ActionConflict } from '../errors.ts'
import type { Change, CurrentAction, Hold } from './action.ts'

/** The fields of an action that decide what may happen to it next. */
export type LivingAction = Pick<
  CurrentAction,
  | 'status'
  | 'document'
  | 'attempt'
  | 'runs_on'
  | 'cancel_requested_at'
  | 'cancel_requested_by'
  | 'deadline_at'
>

/** How long a complete action is kept if its request does not say (interface, "ActionRequest"). */
const DEFAULT_RELEASE_AFTER = 'P30D'

/** The details of a FAILED action, for its caller. */
export type Failure = { code: string; description: string } & Record<string, unknown>

/** The details of an INACTIVE action: why it is paused, and what the caller can do. */
export type Inactivity = Failure & { required_scope?: string; resolution_url?: string }

/** The first status document of an action. */
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

/** Begins an attempt on the instance that holds the action's job under a lease. */
export function startAttempt(action: LivingAction, { instance, lease }: Hold): Change {
  return { attempt: action.attempt + 1, runs_on: instance, lease, report: 0 }
}

/** Records the progress of the work. */
export function progress(
  action: LivingAction,
  report: { details?: ActionDetails; displayStatus?: string },
  log: readonly ActionLogEntry[],
): Change {
  const status = action.document
  return {
    status: {
      ...status,
      ...(report.details !== undefined && { details: report.details }),
      // While an action is being canceled, its display_status shows that.
      ...(report.displayStatus !== undefined &&
        action.cancel_requested_at === undefined && {
          display_status: report.displayStatus.slice(0, 64) || 'ACTIVE',
        }),
    },
    log,
  }
}

/** Completes an action whose work has succeeded. An action whose cancel was requested ends as canceled. */
export function succeed(
  action: LivingAction,
  details: ActionDetails,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return complete(action.document, { status: 'SUCCEEDED', details, display_status: 'SUCCEEDED' }, now, log)
}

/** Completes an action whose work has failed. An action whose cancel was requested ends as canceled. */
export function fail(
  action: LivingAction,
  failure: Failure,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return complete(action.document, { status: 'FAILED', details: failure, display_status: 'FAILED' }, now, log)
}

/** Makes an action INACTIVE until a caller resumes it. */
export function pause(
  action: LivingAction,
  why: Inactivity,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return {
    status: { ...action.document, status: 'INACTIVE', details: why, display_status: 'INACTIVE' },
    runs_on: null,
    job: 'done',
    log,
  }
}

/**
 * Makes the work of an INACTIVE action due again.
 * @param by the identity of the caller who resumes it, as a URN
 * @param secret the new sealed state, if it changes
 * @throws ActionConflict unless the action is INACTIVE (interface, resume)
 */
export function resume(action: LivingAction, by: string, now: number, secret?: Uint8Array): Change {
  if (action.status !== 'INACTIVE') {
    throw new ActionConflict(`This action is ${action.status}: only an INACTIVE action can be resumed`)
  }
  return { ...wake(action, now), resumed_by: by, ...(secret && { secret }) }
}

/** Makes an action ACTIVE and its job due. */
export function wake(action: LivingAction, now: number): Change {
  const details = action.status === 'INACTIVE' ? {} : action.document.details
  return {
    status: { ...action.document, status: 'ACTIVE', details, display_status: 'ACTIVE' },
    job: { due_at: now },
  }
}

/**
 * Makes the work due again at `dueAt`, in milliseconds since 1970.
 * @param failures how often the work has failed so far
 */
export function retry(dueAt: number, failures: number, log: readonly ActionLogEntry[]): Change {
  return { runs_on: null, failures, job: { due_at: dueAt }, log }
}

/**
 * Suspends an attempt that only waits. When the wait is over the work runs again, as the same attempt.
 * @param until when the wait ends, in milliseconds since 1970; `Infinity` if only an event ends it
 * @param why.event the awaited event, which the status shows
 * @param why.inactivity makes the action INACTIVE during the wait
 */
export function suspend(
  action: LivingAction,
  until: number,
  { event, inactivity }: { event?: string | undefined; inactivity?: Inactivity | undefined } = {},
): Change {
  const { document } = action
  return {
    ...(event !== undefined && {
      status: { ...document, display_status: `Waiting for ${event}`.slice(0, 64) },
    }),
    ...(inactivity && {
      status: { ...document, status: 'INACTIVE', details: inactivity, display_status: 'INACTIVE' },
    }),
    attempt: action.attempt - 1,
    runs_on: null,
    job: until === Number.POSITIVE_INFINITY ? 'done' : { due_at: until },
  }
}

/**
 * Cancels an action. If its work must stop first, the action stays ACTIVE until then; otherwise it ends at
 * once. Returns `undefined` for an action that is complete or already being canceled.
 * @param by the caller who cancels, as callers see it
 * @param hasToStop whether work must stop first (default: whether it runs on an instance)
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
  const resumed = action.status === 'INACTIVE' ? wake(action, now).status : undefined
  return { status: { ...(resumed ?? action.document), display_status }, ...canceling }
}

/** Completes a canceled action whose work has stopped, or has had time to stop. */
export function canceled(action: LivingAction, now: number, log: readonly ActionLogEntry[]): Change {
  const by = action.cancel_requested_by ?? 'request'
  const details = { code: 'Canceled', description: `The action was canceled by ${by}` }
  return complete(
    action.document,
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
  // If the clock was set back, the action must still not end before it started.
  const started = status.start_time === undefined ? now : parseTime(status.start_time)
  const completedAt = Math.max(now, started)
  return {
    status: { ...status, ...end, completion_time: formatTime(completedAt) },
    runs_on: null,
    release_at: completedAt + parseDuration(status.release_after ?? DEFAULT_RELEASE_AFTER),
    log,
  }
}

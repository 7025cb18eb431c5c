/**
 * What may happen to an action next (interface, "Life of an action"). Each function takes an action as stored
 * and returns the change that follows, or throws what the caller must be told. Nothing here reads a clock, a
 * store or a network: the time comes as `now`, in milliseconds since 1970.
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

/** How long a complete action is kept when its request does not say (interface, "ActionRequest"). */
const DEFAULT_RELEASE_AFTER = 'P30D'

/** The details of a FAILED action, for its caller. */
export type Failure = { code: string; description: string } & Record<string, unknown>

/** The details of an INACTIVE action: why it is paused, and what would help. */
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
      // Once it is being canceled, the status shows that instead of the work's progress.
      ...(report.displayStatus !== undefined &&
        action.cancel_requested_at === undefined && {
          display_status: report.displayStatus.slice(0, 64) || 'ACTIVE',
        }),
    },
    log,
  }
}

/** Completes an action whose work has succeeded. If it was canceled meanwhile, it ends as canceled. */
export function succeed(
  action: LivingAction,
  details: ActionDetails,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return complete(action.document, { status: 'SUCCEEDED', details, display_status: 'SUCCEEDED' }, now, log)
}

/** Completes an action whose work has failed. If it was canceled meanwhile, it ends as canceled. */
export function fail(
  action: LivingAction,
  failure: Failure,
  now: number,
  log: readonly ActionLogEntry[] = [],
): Change {
  if (action.cancel_requested_at !== undefined) return canceled(action, now, log)
  return complete(action.document, { status: 'FAILED', details: failure, display_status: 'FAILED' }, now, log)
}

/** Makes an action INACTIVE until somebody resumes it. */
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
 * @param by who resumes it, as a URN
 * @param secret its new sealed state, where that changes
 * @throws ActionConflict unless the action is INACTIVE (interface, resume).
 */
export function resume(action: LivingAction, by: string, now: number, secret?: Uint8Array): Change {
  if (action.status !== 'INACTIVE') {
    throw new ActionConflict(`This action is ${action.status}: only an INACTIVE action can be resumed`)
  }
  return { ...wake(action, now), resumed_by: by, ...(secret && { secret }) }
}

/** Makes an INACTIVE action ACTIVE and its job due, also where its remote work must only be canceled. */
export function wake(action: LivingAction, now: number): Change {
  const details = action.status === 'INACTIVE' ? {} : action.document.details
  return {
    status: { ...action.document, status: 'ACTIVE', details, display_status: 'ACTIVE' },
    job: { due_at: now },
  }
}

/**
 * Makes the work due again at `dueAt`.
 * @param failures how often it has failed by now
 */
export function retry(dueAt: number, failures: number, log: readonly ActionLogEntry[]): Change {
  return { runs_on: null, failures, job: { due_at: dueAt }, log }
}

/**
 * Ends an attempt that waits. It goes on as the same attempt when that is over.
 * @param until when that is; `Infinity` where only an event ends it
 * @param why.event the event that it waits for, which its status shows
 * @param why.inactivity makes it INACTIVE meanwhile
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
 * Cancels an action. One whose work must stop first stays ACTIVE until it has; any other ends at once. A
 * complete action, or one that is being canceled already, is left as it is.
 * @param by who cancels, in words
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
  const woken = action.status === 'INACTIVE' ? wake(action, now).status : undefined
  return { status: { ...(woken ?? action.document), display_status }, ...canceling }
}

/** Completes a canceled action, whose work has stopped or has had its time to stop. */
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

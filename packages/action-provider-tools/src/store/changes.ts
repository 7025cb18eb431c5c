/** The rows that follow from creating and changing an action, for every kind of database. */

import { type ActionStatus, isComplete, statusDocument } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import type { Change, CurrentAction, NewAction, SealedStep, StoredAction } from './action-store.ts'

/** An action as a store writes it, with the changes to the tables beside it. */
export type Write = {
  action: StoredAction
  log: readonly ActionLogEntry[]
  /** `null` erases it, `undefined` leaves it. */
  secret: Uint8Array | null | undefined
  /** `null` removes it, `undefined` leaves it. */
  job: WrittenJob | null | undefined
  /** `null` erases all. */
  steps: readonly SealedStep[] | null
  /** `null` erases all. */
  events: NonNullable<Change['events']> | null
}

/** A job as a store writes it: due at a time, or held from the beginning. */
export type WrittenJob = { due_at: number; holder?: string; left_by?: string }

/** Parses the status document of a stored action. */
export function withParsedDocument(action: StoredAction): CurrentAction {
  return { ...action, document: JSON.parse(action.document) as ActionStatus }
}

/** What a store writes for a change of an action. */
export function writeForChange(action: StoredAction, change: Change): Write {
  const status = change.status?.status ?? action.status
  const complete = isComplete(status)
  const { job } = change
  return {
    action: {
      ...presentFields({
        runs_on: change.runs_on === undefined ? action.runs_on : (change.runs_on ?? undefined),
        cancel_requested_at: change.cancel_requested_at ?? action.cancel_requested_at,
        cancel_requested_by: change.cancel_requested_by ?? action.cancel_requested_by,
        resumed_by: change.resumed_by ?? action.resumed_by,
        deadline_at: action.deadline_at,
        release_at: change.release_at ?? action.release_at,
        work_version: action.work_version,
      }),
      action_id: action.action_id,
      provider: action.provider,
      creator_id: action.creator_id,
      monitor_by: action.monitor_by,
      manage_by: action.manage_by,
      status,
      document: change.status ? statusDocument(change.status) : action.document,
      version: action.version + 1,
      attempt: change.attempt ?? action.attempt,
      failures: change.failures ?? action.failures,
      lease: change.lease ?? action.lease,
      report: change.report ?? action.report,
      events: action.events + (change.events ?? []).filter(({ sealed }) => sealed !== null).length,
    },
    log: change.log ?? [],
    secret: complete ? null : change.secret,
    job: complete || job === 'done' ? null : job && { ...job, due_at: Math.ceil(job.due_at) },
    // If a name occurs twice, the last step counts.
    steps: complete ? null : [...new Map(change.steps?.map((step) => [step.name, step])).values()],
    events: complete ? null : (change.events ?? []),
  }
}

/**
 * What a store writes for a new action. Runs its work inline, if it has any.
 * @param now when its job is due, in milliseconds since 1970
 */
export function writeForCreation(newAction: NewAction, now: number): Write {
  const { status } = newAction
  const action: StoredAction = {
    action_id: newAction.action_id,
    provider: newAction.provider,
    creator_id: status.creator_id,
    monitor_by: status.monitor_by ?? [],
    manage_by: status.manage_by ?? [],
    status: status.status,
    document: '',
    version: 0,
    attempt: 0,
    failures: 0,
    lease: 0,
    report: 0,
    events: 0,
    ...(newAction.deadline_at !== undefined && { deadline_at: newAction.deadline_at }),
    ...(newAction.work_version !== undefined && { work_version: newAction.work_version }),
  }
  const begin: Change = {
    status,
    ...(newAction.secret && { secret: newAction.secret }),
    ...(newAction.job && { job: { due_at: now } }),
  }
  const { holder = newAction.holder, ...change } = newAction.runInline?.() ?? {}
  if (holder === undefined) return writeForChange(action, { ...begin, ...change })
  const began = { attempt: 1, runs_on: holder, lease: FIRST_LEASE }
  const write = writeForChange(action, { ...begin, ...change, ...began })
  return { ...write, job: { due_at: now, holder } }
}

/** Makes `runInline` run once, even if the store repeats the transaction. */
export function onceInline(newAction: NewAction): NewAction {
  const { runInline } = newAction
  if (runInline === undefined) return newAction
  let ran: { change: ReturnType<typeof runInline> } | undefined
  return {
    ...newAction,
    runInline() {
      ran ??= { change: runInline() }
      return ran.change
    },
  }
}

/** The lease of a job that has a holder when its action is recorded. */
export const FIRST_LEASE = 1

type Optional = Pick<
  StoredAction,
  | 'runs_on'
  | 'cancel_requested_at'
  | 'cancel_requested_by'
  | 'resumed_by'
  | 'deadline_at'
  | 'release_at'
  | 'work_version'
>

/** Leaves out the fields that have no value. */
export function presentFields(fields: { [Name in keyof Optional]: Optional[Name] | undefined }): Optional {
  const present: Optional = {}
  if (fields.runs_on !== undefined) present.runs_on = fields.runs_on
  if (fields.cancel_requested_at !== undefined) present.cancel_requested_at = fields.cancel_requested_at
  if (fields.cancel_requested_by !== undefined) present.cancel_requested_by = fields.cancel_requested_by
  if (fields.resumed_by !== undefined) present.resumed_by = fields.resumed_by
  if (fields.deadline_at !== undefined) present.deadline_at = fields.deadline_at
  if (fields.release_at !== undefined) present.release_at = fields.release_at
  if (fields.work_version !== undefined) present.work_version = fields.work_version
  return present
}

import type { ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import type { PrincipalURN } from '../documents/principal.ts'

/**
 * An action: its status document, and the other fields that decide who may see it and what may happen to it.
 */
export type CurrentAction = {
  /** A UUIDv7 in its usual text form. */
  action_id: string
  /** The namespace of its provider. Other providers do not find the action. */
  provider: string
  creator_id: PrincipalURN
  monitor_by: readonly string[]
  manage_by: readonly string[]
  status: ActionStatusValue
  document: ActionStatus
  /**
   * Counts the changes of the action. A transition is written only if the version is still the one that was
   * read.
   */
  version: number
  /** How many attempts have begun. */
  attempt: number
  /** How often the work has failed and been retried; limits retries. */
  failures: number
  /** The lease under which the latest attempt began; 0 before the first. */
  lease: number
  /** The number of the last recorded report of that attempt; 0 before its first. */
  report: number
  /** How many events were delivered to it. */
  events: number
  /** The work version of the provider that started the action, if it has versions. */
  work_version?: string
  /** The instance on which an attempt runs now. */
  runs_on?: string
  /** When cancel was requested, in milliseconds since 1970. */
  cancel_requested_at?: number
  /** Who requested it, as callers see it. */
  cancel_requested_by?: string
  /** The identity of the caller who last resumed it, as a URN. */
  resumed_by?: string
  /** Its deadline, in milliseconds since 1970. */
  deadline_at?: number
  /** When it is released automatically, in milliseconds since 1970; set when it completes. */
  release_at?: number
}

/** A change of an action. Fields that are left out stay as they are. */
export type Change = {
  /** The new status document. Its status also becomes the action's `status`; nothing else of it does. */
  status?: ActionStatus
  attempt?: number
  failures?: number
  lease?: number
  report?: number
  /** `null` clears it. */
  runs_on?: string | null
  cancel_requested_at?: number
  cancel_requested_by?: string
  resumed_by?: string
  release_at?: number
  /** Entries that are added to the log. */
  log?: readonly ActionLogEntry[]
  /** The sealed state; `null` erases it. A change to SUCCEEDED or FAILED always erases it. */
  secret?: Uint8Array | null
  /**
   * Steps of the work: each is added, or replaces the step of the same name. A change to SUCCEEDED or FAILED
   * erases all steps.
   */
  steps?: readonly SealedStep[]
  /**
   * Delivered events: each is added, unless the same delivery was added before; an event with the value
   * `null` is removed. A change to SUCCEEDED or FAILED erases all events.
   */
  events?: readonly (SealedEvent | EventTakenBack)[]
  /**
   * The job: `done` removes it; a due time (milliseconds since 1970) makes it due then without a holder, and
   * creates it if it is missing. `left_by` names an instance that leaves the job to others and takes it only
   * if they do not. A change to SUCCEEDED or FAILED always removes the job.
   */
  job?: 'done' | { due_at: number; left_by?: string }
  /** Removes the action with everything that belongs to it, and frees its request_id. */
  release?: true
}

/** A step of an action's work, with its state sealed. */
export type SealedStep = {
  /** Unique within the action. */
  name: string
  sealed: Uint8Array
}

/** An event that was delivered to an action, with its value sealed. */
export type SealedEvent = {
  /** The name of the event. */
  event: string
  /**
   * 32 bytes that identify the delivery: a repetition has the same. Unique within the action and the event's
   * name.
   */
  delivery: Uint8Array
  sealed: Uint8Array
}

/** An event to be removed, as if it had never come. */
export type EventTakenBack = Pick<SealedEvent, 'event' | 'delivery'> & { sealed: null }

/** The holder of a job, and the lease. */
export type Hold = { instance: string; lease: number }

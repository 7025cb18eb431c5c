import type { ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import type { PrincipalURN } from '../documents/principal.ts'

/**
 * An action as it is now: its status document, and what else decides who may see it and what may happen to it
 * next.
 */
export type CurrentAction = {
  /** UUIDv7 in its usual text form. */
  action_id: string
  /** The namespace of its provider. An id means nothing to another provider. */
  provider: string
  creator_id: PrincipalURN
  monitor_by: readonly string[]
  manage_by: readonly string[]
  status: ActionStatusValue
  document: ActionStatus
  /**
   * Counts the changes of this action. A transition is written only where nobody else has raised it
   * meanwhile.
   */
  version: number
  /** How many attempts have begun. */
  attempt: number
  /** How often its work has failed for a passing reason: retries are limited by this. */
  failures: number
  /** The lease of its job under which the last attempt began; 0 before the first. */
  lease: number
  /** The last report of that attempt that was recorded; 0 before its first. */
  report: number
  /** How many events have reached it. */
  events: number
  /** The version of its provider under which it was started, where the provider has versions. */
  work_version?: string
  /** The instance on which an attempt runs now. */
  runs_on?: string
  /** When cancel was asked for, in milliseconds since 1970. */
  cancel_requested_at?: number
  /** Who asked for it, in words for those who see the action. */
  cancel_requested_by?: string
  /** The identity of who resumed it last, as a URN. */
  resumed_by?: string
  /** When it must have ended, in milliseconds since 1970. */
  deadline_at?: number
  /** When it is released on its own, in milliseconds since 1970; set when it completes. */
  release_at?: number
}

/** What a transition does to an action. What is left out stays as it is. */
export type Change = {
  /** The new status document. Its status, and nothing else of it, also becomes the action's `status`. */
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
  /** What is added to its log. */
  log?: readonly ActionLogEntry[]
  /** `null` erases it. A change to SUCCEEDED or FAILED erases it in any case. */
  secret?: Uint8Array | null
  /**
   * Steps of its work: each is added, or replaces the one of its name. A change to SUCCEEDED or FAILED erases
   * all.
   */
  steps?: readonly SealedStep[]
  /**
   * Events that reach it: each is added, unless there is one of the same delivery. One without a value is
   * taken back. A change to SUCCEEDED or FAILED erases all.
   */
  events?: readonly (SealedEvent | EventTakenBack)[]
  /**
   * What happens to its job. `done` removes it. A time (milliseconds since 1970) makes it due then, without a
   * holder, also where there was no job. `left_by` names an instance that leaves the job to others; it takes
   * the job again only where they do not. A change to SUCCEEDED or FAILED removes the job in any case.
   */
  job?: 'done' | { due_at: number; left_by?: string }
  /** Removes the action with its log, secret and job, and frees its request_id. */
  release?: true
}

/** A step of an action's work: what is known of it, sealed. */
export type SealedStep = {
  /** Unique within the action. */
  name: string
  sealed: Uint8Array
}

/** An event that has reached an action: its value, sealed. */
export type SealedEvent = {
  /** Its name. */
  event: string
  /**
   * 32 bytes that tell a repeated delivery from another event: unique within the action and the event's name.
   */
  delivery: Uint8Array
  sealed: Uint8Array
}

/** An event that counts as if it had never come. */
export type EventTakenBack = Pick<SealedEvent, 'event' | 'delivery'> & { sealed: null }

/** Who holds a job, and under which lease. */
export type Hold = { instance: string; lease: number }

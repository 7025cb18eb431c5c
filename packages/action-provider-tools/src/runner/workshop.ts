import type { Auth } from '../auth/auth.ts'
import { ServiceUnavailable } from '../errors.ts'
import type { Failure } from '../lifecycle/lifecycle.ts'
import type { ActionProvider, Work, WorkOptions } from '../provider/define-action-provider.ts'
import type { ActionStore, StoredAction } from '../store/action-store.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Attempt } from './attempt.ts'
import type { Secrets } from './secrets.ts'

/** A provider whose actions the library keeps. */
export type ManagedProvider = ActionProvider & { work: Exclude<Work, { kind: 'callbacks' }> }

/** What all parts of an engine share: one provider, one store, and the work that runs here. */
export type Workshop = {
  readonly provider: ManagedProvider
  readonly namespace: string
  readonly options: Required<WorkOptions>
  readonly store: ActionStore
  readonly auth: Auth
  readonly secrets: Secrets
  readonly log: Logger
  /** Names this process among those that share the store. */
  readonly instance: string
  readonly timing: Timing
  readonly now: () => number
  readonly telemetry: Telemetry
  /** What runs here, by action id. */
  readonly running: Map<string, Attempt>
  state: 'new' | 'working' | 'stopping' | 'stopped'
  /** Says that there may be work to take. */
  nudge: () => void
}

/** How often an engine looks, and for how long what the work says is gathered, in milliseconds. */
export type Timing = { tick: number; poll: number; keep: number; sweep: number; gather: number }

export const TIMING: Timing = { tick: 250, poll: 1_000, keep: 3_000, sweep: 15_000, gather: 100 }

/** The details of an action that was not complete at its deadline. */
export const DEADLINE_EXCEEDED: Failure = {
  code: 'DeadlineExceeded',
  description: 'The action was not complete at its deadline',
}

/** The details of an action that a crash interrupted and that may not run twice. */
export const INTERRUPTED: Failure = {
  code: 'Interrupted',
  description: 'The work was interrupted, and it is not of the kind that may be run again',
}

/** Whether an action is past its deadline, and past a time of grace after it. */
export function isOverdue(workshop: Workshop, action: StoredAction, grace = 0): boolean {
  return action.deadline_at !== undefined && action.deadline_at + grace <= workshop.now()
}

/**
 * Repeats a change until the database takes it: what was done must be recorded, however long the database is away.
 * @throws ServiceUnavailable once the engine has stopped, and any other error at once
 */
export async function persist<T>(workshop: Workshop, change: () => T | Promise<T>): Promise<T> {
  for (let wait = 100; ; wait = Math.min(wait * 2, 3_000)) {
    try {
      return await change()
    } catch (error) {
      if (!(error instanceof ServiceUnavailable) || workshop.state === 'stopped') throw error
      await sleep(wait * (0.75 + Math.random() / 2))
    }
  }
}

/** Logs that the store was not to be had: a passing outage is a warning, anything else an error. */
export function logStoreError(
  workshop: Workshop,
  error: unknown,
  message: string,
  facts: { action_id?: string } = {},
): void {
  if (error instanceof ServiceUnavailable) workshop.log.warn({ err: error, ...facts }, message)
  else workshop.log.error({ err: error, ...facts }, message)
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

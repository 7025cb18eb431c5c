import type { Failure, LivingAction } from '../action/lifecycle.ts'
import type { Auth } from '../auth/auth.ts'
import { ServiceUnavailable, WorkInterrupted } from '../errors.ts'
import type { ActionProvider, Work, WorkOptions } from '../provider/define-action-provider.ts'
import type { ActionStore } from '../store/action-store.ts'
import { errorFacts } from '../telemetry/error-facts.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Attempt } from './attempt.ts'
import type { Encryption } from './encryption.ts'

/** A provider whose actions the library keeps. */
export type ManagedProvider = ActionProvider & { work: Exclude<Work, { kind: 'callbacks' }> }

/** What all parts of an worker share: one provider, one store, and the work that runs here. */
export type WorkerContext = {
  readonly provider: ManagedProvider
  readonly namespace: string
  readonly options: Required<WorkOptions>
  readonly store: ActionStore
  readonly auth: Auth
  readonly secrets: Encryption
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

/** How often an worker looks, and for how long what the work says is gathered, in milliseconds. */
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

/** What is logged where work that stops here could not be made due for others. */
export const NOT_HANDED_BACK = 'Work could not be handed back; another instance takes it when its lease ends'

/** Whether an action is past its deadline, and past a time of grace after it. */
export function isOverdue(worker: WorkerContext, action: LivingAction, grace = 0): boolean {
  return action.deadline_at !== undefined && action.deadline_at + grace <= worker.now()
}

/**
 * Repeats a change until the database takes it: what was done must be recorded, however long the database is away.
 * @param isVain says when nobody needs the change any more
 * @throws WorkInterrupted then, ServiceUnavailable once the worker has stopped, and any other error at once
 */
export async function persist<T>(
  worker: WorkerContext,
  change: () => T | Promise<T>,
  isVain: () => boolean,
): Promise<T> {
  for (let wait = 100; ; wait = Math.min(wait * 2, 3_000)) {
    if (isVain()) throw new WorkInterrupted('lost')
    try {
      return await change()
    } catch (error) {
      if (!(error instanceof ServiceUnavailable) || worker.state === 'stopped') throw error
      await sleep(wait * (0.75 + Math.random() / 2))
    }
  }
}

/** Logs that the store was not to be had: a passing outage is a warning, anything else an error. */
export function logStoreError(
  worker: WorkerContext,
  error: unknown,
  message: string,
  facts: { action_id?: string } = {},
): void {
  if (error instanceof ServiceUnavailable) worker.log.warn({ err: errorFacts(error), ...facts }, message)
  else worker.log.error({ err: errorFacts(error), ...facts }, message)
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

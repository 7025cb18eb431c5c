/**
 * What the parts of a worker share: provider, store, settings, and the attempts that run on this instance.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import * as lifecycle from '../action/lifecycle.ts'
import type { Auth } from '../auth/auth.ts'
import { ServiceUnavailable, WorkInterrupted } from '../errors.ts'
import { errorFacts, type Logger } from '../log.ts'
import type { ActionProvider, Work } from '../provider/define-action-provider.ts'
import type { CompleteOptions } from '../provider/work-options.ts'
import { backoff } from '../retry.ts'
import type { ActionStore, Change, CurrentAction, Hold, Job } from '../store/action-store.ts'
import { type AttemptWaits, createAttemptWaits } from './attempt-waits.ts'
import type { Encryption } from './encryption.ts'
import { bufferProgress, type Progress, type ProgressBuffer } from './progress-buffer.ts'

/** A provider whose actions are kept in a store. */
export type ManagedProvider = ActionProvider & { work: Exclude<Work, { kind: 'callbacks' }> }

export type WorkerContext = {
  readonly provider: ManagedProvider
  readonly namespace: string
  readonly options: CompleteOptions
  readonly store: ActionStore
  readonly auth: Auth
  readonly secrets: Encryption
  readonly log: Logger
  /** The name of this instance, unique among those that share the store. */
  readonly instance: string
  /** The public URL of the provider; `undefined` if it is not set. */
  readonly publicUrl: string | undefined
  readonly timing: Timing
  readonly now: () => number
  readonly instrument: WorkInstrument
  /** The attempts that run on this instance, by action id. */
  readonly running: Map<string, Attempt>
  /** Attempts whose action is being recorded, by action id. They count as running. */
  readonly starting: Map<string, Attempt>
  state: 'new' | 'working' | 'stopping' | 'stopped'
  /** Makes the worker query for due jobs. */
  nudge: () => void
}

/** The intervals of maintenance and the time for which progress is collected, in milliseconds. */
export type Timing = { tick: number; poll: number; keep: number; sweep: number; gather: number }

export const TIMING: Timing = { tick: 250, poll: 1_000, keep: 2_000, sweep: 15_000, gather: 100 }

/** Work for an action outside any request. */
export type BackgroundPart = {
  /** `work`: an attempt. `end`: maintenance ends the action. */
  name: 'work' | 'end'
  action_id: string
  attempt?: number
  /** The trace of the request that started the action. */
  traceparent?: string | undefined
  /** When it began, in milliseconds since 1970 (default: now). */
  startedAt?: number
}

/** Measures and traces the work of a provider. */
export type WorkInstrument = {
  /** Runs a part in the background, which reports its outcome. */
  background: <T>(part: BackgroundPart, act: (ended: (outcome: string) => void) => Promise<T>) => Promise<T>
  /** Runs a function outside the current trace. */
  apart: <T>(act: () => T) => T
  /** The current trace (W3C Trace Context); absent if nothing is traced. */
  traceparent?: () => string | undefined
}

/** Measures and traces nothing. */
export const NO_INSTRUMENT: WorkInstrument = {
  background: (_part, act) => act(() => {}),
  apart: (act) => act(),
}

/** The details of an action that was not complete at its deadline. */
export const DEADLINE_EXCEEDED: lifecycle.Failure = {
  code: 'DeadlineExceeded',
  description: 'The action was not complete at its deadline',
}

/** The details of an action that a crash interrupted and that may not run twice. */
export const INTERRUPTED: lifecycle.Failure = {
  code: 'Interrupted',
  description: 'The work was interrupted, and the provider does not allow it to run again',
}

/** The details of an action whose work must not continue under another version. */
export const VERSION_CHANGED: lifecycle.Failure = {
  code: 'VersionChanged',
  description: 'The work began under another version of the provider, and this version cannot continue it',
}

/** One run of an action's work, from its beginning, on this instance. */
export type Attempt = {
  readonly actionId: string
  /** Created on first use: most work ends without it. */
  readonly controller: AbortController
  readonly progress: ProgressBuffer
  /** The waits of its work. */
  readonly waits: AttemptWaits
  /** Resolves when the action is recorded. Work that runs inline begins earlier. */
  recorded: Promise<void>
  /** The job of this attempt. A later attempt has a higher lease. */
  readonly job: Job
  /** Why it was aborted. */
  readonly interruption: WorkInterrupted['reason'] | undefined
  /** The number of the attempt, from 1. */
  number: number
  /** How often the action's work had failed and been retried when this attempt began. */
  failures: number
  deadlineAt: number | undefined
  /**
   * Whether the attempt makes one call for remote work. Such an attempt is short, and cancels the remote work
   * itself if the action must end.
   */
  readonly remote: boolean
  /** Whether its call cancels the remote work. */
  canceling: boolean
  /** The `performance.now()` at which it called the other system. */
  calledAt: number
  /**
   * The `performance.now()` at which the query was sent that last took the job or renewed its lease. The
   * lease counts from then.
   */
  keptAt: number
  /** How many events of the action this attempt has read. */
  eventsSeen: number
  /** Counts its writes of progress. */
  writes: number
  /** Whether the author's function was called. */
  started: boolean
  /**
   * Whether the store says that this instance no longer holds the job. Nothing that this attempt does is
   * recorded then.
   */
  lost: boolean
  /** Resolves when the action has ended without the attempt: its result is not needed. */
  readonly abandoned: { readonly promise: Promise<void>; readonly resolve: () => void }
  /** Resolves when the attempt and its writes have ended; never rejects. */
  ended: Promise<void>
}

/** @param takenAt the `performance.now()` at which the query was sent that took the job */
export function createAttempt(worker: WorkerContext, job: Job, takenAt: number): Attempt {
  let controller: AbortController | undefined
  const attempt: Attempt = {
    actionId: job.action_id,
    job,
    get controller() {
      controller ??= new AbortController()
      return controller
    },
    get interruption() {
      return (controller?.signal.reason as WorkInterrupted | undefined)?.reason
    },
    progress: bufferProgress((progress) => writeProgress(worker, attempt, progress), worker.timing.gather),
    waits: createAttemptWaits(
      worker.now,
      () => attempt.controller.signal,
      // `writeProgress` has logged the error.
      () => void attempt.progress.flush().catch(() => {}),
    ),
    recorded: Promise.resolve(),
    number: 0,
    failures: 0,
    deadlineAt: undefined,
    remote: worker.provider.work.kind === 'remote',
    canceling: false,
    calledAt: Number.POSITIVE_INFINITY,
    keptAt: takenAt,
    writes: 0,
    eventsSeen: 0,
    started: false,
    lost: false,
    abandoned: Promise.withResolvers<void>(),
    ended: Promise.resolve(),
  }
  return attempt
}

/** Whether the attempt may still change the action: the action is ACTIVE and no later attempt has begun. */
export function owns(
  worker: WorkerContext,
  action: Pick<CurrentAction, 'status' | 'lease' | 'runs_on'>,
  attempt: Attempt,
): boolean {
  return (
    action.status === 'ACTIVE' && action.lease === attempt.job.lease && action.runs_on === worker.instance
  )
}

/** The condition of a change that only the holder of the job may make. */
export function holdOf({ instance }: WorkerContext, { job }: Attempt): Hold {
  return { instance, lease: job.lease }
}

/**
 * Aborts the signal of an attempt; the first reason stays. A call for remote work is not aborted when its
 * action must end: the next call needs its answer to cancel the work.
 */
export function abort(attempt: Attempt, reason: WorkInterrupted['reason']): void {
  if (attempt.remote && (reason === 'canceled' || reason === 'deadline')) return
  if (attempt.interruption === undefined) attempt.controller.abort(new WorkInterrupted(reason))
}

/** Aborts an attempt that no longer holds its job. Its later writes are dropped. */
export function loseJob(attempt: Attempt): void {
  attempt.lost = true
  abort(attempt, 'lost')
}

/**
 * Writes the progress of an attempt. Writes are numbered, so that one whose answer was lost is not made
 * twice.
 * @throws WorkInterrupted if the attempt no longer owns the action
 */
async function writeProgress(worker: WorkerContext, attempt: Attempt, progress: Progress): Promise<void> {
  const { actionId } = attempt
  await attempt.recorded
  const report = ++attempt.writes
  const change = (current: CurrentAction): Change | undefined =>
    owns(worker, current, attempt) && current.report < report
      ? { ...progressChange(current, progress), report }
      : undefined
  try {
    const action = await persist(
      worker,
      () => worker.store.transition(worker.namespace, actionId, change, holdOf(worker, attempt)),
      () => attempt.lost,
    )
    if (action === undefined) loseJob(attempt)
    else if (owns(worker, action, attempt)) {
      if (progress.stepEnded) attempt.failures = 0
      return
    }
  } catch (error) {
    if (!attempt.lost) {
      const message = 'The progress of an action could not be written'
      logStoreError(worker, error, message, { action_id: actionId })
    }
    throw error
  }
  throw attempt.controller.signal.reason ?? new WorkInterrupted('lost')
}

/** The change that records progress. A step that has ended sets the count of failures back to 0. */
export function progressChange(current: lifecycle.LivingAction, progress: Progress): Change {
  return {
    ...lifecycle.progress(current, progress, progress.log),
    ...(progress.steps.length > 0 && { steps: progress.steps }),
    ...(progress.takenBack.length > 0 && { events: progress.takenBack }),
    ...(progress.stepEnded && { failures: 0 }),
  }
}

/** Whether the deadline of an action passed more than `grace` milliseconds ago. */
export function isOverdue(
  worker: WorkerContext,
  action: Pick<CurrentAction, 'deadline_at'>,
  grace = 0,
): boolean {
  return action.deadline_at !== undefined && action.deadline_at + grace <= worker.now()
}

/**
 * Repeats a change for as long as the database is unavailable: what was done must be recorded.
 * @param isObsolete whether the change is no longer needed
 * @throws WorkInterrupted if the change is obsolete
 * @throws ServiceUnavailable after the worker has stopped; any other error at once
 */
export async function persist<T>(
  worker: WorkerContext,
  change: () => T | Promise<T>,
  isObsolete: () => boolean,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    if (isObsolete()) throw new WorkInterrupted('lost')
    try {
      return await change()
    } catch (error) {
      if (!(error instanceof ServiceUnavailable) || worker.state === 'stopped') throw error
      await sleep(backoff(failures, { first: 100, most: 3_000 }))
    }
  }
}

/** Logs an error of the store: an outage as a warning, any other error as an error. */
export function logStoreError(
  worker: WorkerContext,
  error: unknown,
  message: string,
  facts: { action_id?: string } = {},
): void {
  const level = error instanceof ServiceUnavailable ? 'warn' : 'error'
  worker.log[level]({ err: errorFacts(error), ...facts }, message)
}

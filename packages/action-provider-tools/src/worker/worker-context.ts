/** What the parts of a worker share: one provider, one store, and the attempts that run on this instance. */
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

/** A provider whose actions the library keeps. */
export type ManagedProvider = ActionProvider & { work: Exclude<Work, { kind: 'callbacks' }> }

export type WorkerContext = {
  readonly provider: ManagedProvider
  readonly namespace: string
  readonly options: CompleteOptions
  readonly store: ActionStore
  readonly auth: Auth
  readonly secrets: Encryption
  readonly log: Logger
  /** Names this process among those that share the store. */
  readonly instance: string
  /** The provider's URL for the outside world; absent where that is not known. */
  readonly publicUrl: string | undefined
  readonly timing: Timing
  readonly now: () => number
  readonly instrument: WorkInstrument
  /** What runs here, by action id. */
  readonly running: Map<string, Attempt>
  /** What begins here once its action is recorded, by action id. Each has its place, as what runs. */
  readonly starting: Map<string, Attempt>
  state: 'new' | 'working' | 'stopping' | 'stopped'
  /** Makes the worker look for due jobs. */
  nudge: () => void
}

/** How often a worker looks at the store, and for how long it gathers progress, in milliseconds. */
export type Timing = { tick: number; poll: number; keep: number; sweep: number; gather: number }

export const TIMING: Timing = { tick: 250, poll: 1_000, keep: 2_000, sweep: 15_000, gather: 100 }

/** A part of an action's life that no request waits for. */
export type BackgroundPart = {
  /** `work`: an attempt. `end`: maintenance ends the action. */
  name: 'work' | 'end'
  action_id: string
  attempt?: number
  /** What `traceparent` gave when the action was started. */
  traceparent?: string | undefined
  /** When it began, in milliseconds since 1970 (default: now). */
  startedAt?: number
}

/** What is put around the work of a provider to measure and trace it. */
export type WorkInstrument = {
  /** Goes around a part in the background, which says how it ended. */
  background: <T>(part: BackgroundPart, act: (ended: (outcome: string) => void) => Promise<T>) => Promise<T>
  /** Runs something outside the trace of what set it off. */
  apart: <T>(act: () => T) => T
  /** What continues the current trace (W3C Trace Context); absent where nothing is traced. */
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
  description: 'The work was interrupted, and it is not of the kind that may be run again',
}

/** The details of an action whose work goes on under no other version than its own. */
export const VERSION_CHANGED: lifecycle.Failure = {
  code: 'VersionChanged',
  description: 'The work was begun under another version of the provider, which this one cannot go on with',
}

/** One run of an action's work, from its beginning, on this instance. */
export type Attempt = {
  readonly actionId: string
  /** Made on first use: most work ends before anybody asks for it. */
  readonly controller: AbortController
  readonly progress: ProgressBuffer
  /** What it waits for. */
  readonly waits: AttemptWaits
  /** Resolves when its action is recorded: work that runs inline begins before that. */
  recorded: Promise<void>
  /** The job under which it runs. Its lease tells this attempt from a later one. */
  readonly job: Job
  /** Why it was told to stop. */
  readonly interruption: WorkInterrupted['reason'] | undefined
  /** Counts the attempts of the action. */
  number: number
  /** How often the action's work had failed for a passing reason when this attempt began. */
  failures: number
  deadlineAt: number | undefined
  /**
   * Whether it only makes a call to another system. Such an attempt is short, and itself cancels work there
   * that must end.
   */
  readonly remote: boolean
  /** Whether it cancels the work in the other system. */
  canceling: boolean
  /** When it called the other system: `performance.now()`. */
  calledAt: number
  /**
   * When the request was sent that last took or kept the job: `performance.now()`. The lease counts from
   * there.
   */
  keptAt: number
  /** How many events it knows to have reached the action. */
  eventsSeen: number
  /** How many writes of progress it has begun. */
  writes: number
  /** Whether the author's function was called. */
  started: boolean
  /**
   * Whether another instance may hold the job now, as the store says: nothing of this attempt counts any
   * more.
   */
  lost: boolean
  /** Resolves when its action has ended without it, so that nobody needs its result. */
  readonly abandoned: { readonly promise: Promise<void>; readonly resolve: () => void }
  /** Resolves when nothing of it is left to do; never rejects. */
  ended: Promise<void>
}

/** @param takenAt when the request was sent that took its job: `performance.now()` */
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
      // Whoever writes says what went wrong.
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

/**
 * Whether the action is still this attempt's to change: nobody has ended it, and no later attempt has begun.
 */
export function owns(
  worker: WorkerContext,
  action: Pick<CurrentAction, 'status' | 'lease' | 'runs_on'>,
  attempt: Attempt,
): boolean {
  return (
    action.status === 'ACTIVE' && action.lease === attempt.job.lease && action.runs_on === worker.instance
  )
}

/** What the store checks where only the holder of the job may change something. */
export function holdOf({ instance }: WorkerContext, { job }: Attempt): Hold {
  return { instance, lease: job.lease }
}

/**
 * Tells the work why it should stop. The first reason stays. A call to another system goes on when the action
 * must end: the next one needs its answer to cancel the work there.
 */
export function abort(attempt: Attempt, reason: WorkInterrupted['reason']): void {
  if (attempt.remote && (reason === 'canceled' || reason === 'deadline')) return
  if (attempt.interruption === undefined) attempt.controller.abort(new WorkInterrupted(reason))
}

/** Stops an attempt that no longer holds its job, and drops what it still wants to record. */
export function lose(attempt: Attempt): void {
  attempt.lost = true
  abort(attempt, 'lost')
}

/**
 * Writes progress under a number, so that a write whose acknowledgement was lost is not made again.
 * @throws WorkInterrupted where the action is no longer this attempt's to change
 */
async function writeProgress(worker: WorkerContext, attempt: Attempt, progress: Progress): Promise<void> {
  const { actionId } = attempt
  await attempt.recorded
  const report = ++attempt.writes
  const change = (current: CurrentAction): Change | undefined =>
    owns(worker, current, attempt) && current.report < report
      ? { ...progressed(current, progress), report }
      : undefined
  try {
    const action = await persist(
      worker,
      () => worker.store.transition(worker.namespace, actionId, change, holdOf(worker, attempt)),
      () => attempt.lost,
    )
    if (action === undefined) lose(attempt)
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

/** What progress does to an action: its limit of retries counts from the last step that has ended. */
export function progressed(current: lifecycle.LivingAction, progress: Progress): Change {
  return {
    ...lifecycle.progress(current, progress, progress.log),
    ...(progress.steps.length > 0 && { steps: progress.steps }),
    ...(progress.takenBack.length > 0 && { events: progress.takenBack }),
    ...(progress.stepEnded && { failures: 0 }),
  }
}

/** Whether an action is past its deadline and a time of grace after it. */
export function isOverdue(
  worker: WorkerContext,
  action: Pick<CurrentAction, 'deadline_at'>,
  grace = 0,
): boolean {
  return action.deadline_at !== undefined && action.deadline_at + grace <= worker.now()
}

/**
 * Repeats a change until the database takes it: what was done must be recorded, however long the database is
 * away.
 * @param isVain says when nobody needs the change any more
 * @throws WorkInterrupted then, ServiceUnavailable once the worker has stopped, and any other error at once
 */
export async function persist<T>(
  worker: WorkerContext,
  change: () => T | Promise<T>,
  isVain: () => boolean,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    if (isVain()) throw new WorkInterrupted('lost')
    try {
      return await change()
    } catch (error) {
      if (!(error instanceof ServiceUnavailable) || worker.state === 'stopped') throw error
      await sleep(backoff(failures, { first: 100, most: 3_000 }))
    }
  }
}

/** Logs an error of the store: a passing outage as a warning, anything else as an error. */
export function logStoreError(
  worker: WorkerContext,
  error: unknown,
  message: string,
  facts: { action_id?: string } = {},
): void {
  const level = error instanceof ServiceUnavailable ? 'warn' : 'error'
  worker.log[level]({ err: errorFacts(error), ...facts }, message)
}

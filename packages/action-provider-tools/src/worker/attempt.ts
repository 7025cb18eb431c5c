import * as lifecycle from '../action/lifecycle.ts'
import { WorkInterrupted } from '../errors.ts'
import type { Change, Hold, Job, StoredAction } from '../store/action-store.ts'
import { bufferProgress, type ProgressBuffer, type Report } from './progress-buffer.ts'
import { logStoreError, persist, type WorkerContext } from './worker-context.ts'

/** One run of an action's work on this instance. */
export type Attempt = {
  readonly actionId: string
  /** Made when somebody asks for it: most work ends before. */
  readonly controller: AbortController
  readonly reports: ProgressBuffer
  /** The job under which it runs; what fences this attempt off from a later one. */
  readonly job: Job
  /** Why it was told to stop. */
  readonly interruption: WorkInterrupted['reason'] | undefined
  /** Counts the runs of the action. */
  number: number
  /** How often the action's work had failed for a passing reason when this run began. */
  failures: number
  deadlineAt: number | undefined
  /** Whether it only visits work in another system: such a run is short, and tells that system itself what must end. */
  readonly visits: boolean
  /** Whether it tells the other system that its work must end. */
  telling: boolean
  /** When a visit began to ask the other system, by a clock that never jumps. */
  begunAt: number
  /** When the request was sent with which the job was taken or kept last: `performance.now()`. The lease counts from there. */
  keptAt: number
  /** How many reports it has made of what the work said. */
  reported: number
  /** Whether the author's function was called. */
  started: boolean
  /** Whether somebody else may have the job now, by the word of the store: nothing of this attempt counts any more. */
  lost: boolean
  /** Resolves when nobody waits for the work any more: its action has ended without it. */
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
    reports: bufferProgress((report) => write(worker, attempt, report), worker.timing.gather),
    number: 0,
    failures: 0,
    deadlineAt: undefined,
    visits: worker.provider.work.kind === 'remote',
    telling: false,
    begunAt: Number.POSITIVE_INFINITY,
    keptAt: takenAt,
    reported: 0,
    started: false,
    lost: false,
    abandoned: Promise.withResolvers<void>(),
    ended: Promise.resolve(),
  }
  return attempt
}

/** Whether the action is still this attempt's to change: nobody ended it, and no later attempt began. */
export function owns(worker: WorkerContext, action: StoredAction, attempt: Attempt): boolean {
  return (
    action.status === 'ACTIVE' && action.lease === attempt.job.lease && action.runs_on === worker.instance
  )
}

/** What the store checks where only the holder of the job may change something. */
export function holdOf({ instance }: WorkerContext, { job }: Attempt): Hold {
  return { instance, lease: job.lease }
}

/**
 * Tells the work why it should stop. The first reason stays. A visit of another system goes on when the action must end:
 * what it learns there, the next one needs to tell that system.
 */
export function abort(attempt: Attempt, reason: WorkInterrupted['reason']): void {
  if (attempt.visits && (reason === 'canceled' || reason === 'deadline')) return
  if (attempt.interruption === undefined) attempt.controller.abort(new WorkInterrupted(reason))
}

/** The job is no longer this attempt's: it stops, and what it still wants to record is dropped. */
export function lose(attempt: Attempt): void {
  attempt.lost = true
  abort(attempt, 'lost')
}

/** Writes what an attempt says. Each report has a number: one whose acknowledgement was lost is not written again. */
async function write(worker: WorkerContext, attempt: Attempt, report: Report): Promise<void> {
  const { actionId } = attempt
  const number = ++attempt.reported
  const say = (current: StoredAction): Change | undefined =>
    owns(worker, current, attempt) && current.report < number
      ? { ...lifecycle.progress(current, report, report.log), report: number }
      : undefined
  try {
    await persist(
      worker,
      () => worker.store.transition(worker.namespace, actionId, say),
      () => attempt.lost,
    )
  } catch (error) {
    if (attempt.lost) return
    logStoreError(worker, error, 'What the work said could not be written', { action_id: actionId })
  }
}

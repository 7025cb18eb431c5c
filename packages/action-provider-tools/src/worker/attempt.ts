import * as lifecycle from '../action/lifecycle.ts'
import { WorkInterrupted } from '../errors.ts'
import type { StoredAction } from '../store/action-store.ts'
import { bufferProgress, type ProgressBuffer, type Report } from './progress-buffer.ts'
import { logStoreError, persist, type WorkerContext } from './worker-context.ts'

/** One run of an action's work on this instance. */
export type Attempt = {
  readonly actionId: string
  /** Made when somebody asks for it: most work ends before. */
  readonly controller: AbortController
  readonly reports: ProgressBuffer
  /** Counts the runs of the action; what fences this one off from a later one. */
  number: number
  deadlineAt: number | undefined
  /** Whether this instance holds the action's job. */
  leased: boolean
  /** Resolves when nobody waits for the work any more: its action has ended without it. */
  readonly abandoned: { readonly promise: Promise<void>; readonly resolve: () => void }
  /** Resolves when nothing of it is left to do; never rejects. */
  ended: Promise<void>
}

export function createAttempt(worker: WorkerContext, actionId: string, leased: boolean): Attempt {
  let controller: AbortController | undefined
  const attempt: Attempt = {
    actionId,
    get controller() {
      controller ??= new AbortController()
      return controller
    },
    reports: bufferProgress((report) => write(worker, attempt, report), worker.timing.gather),
    number: 0,
    deadlineAt: undefined,
    leased,
    abandoned: Promise.withResolvers<void>(),
    ended: Promise.resolve(),
  }
  return attempt
}

/** Whether the action is still this attempt's to change: nobody ended it, and no later attempt began. */
export function owns(worker: WorkerContext, action: StoredAction, attempt: Attempt): boolean {
  return action.status === 'ACTIVE' && action.attempt === attempt.number && action.runs_on === worker.instance
}

/** Tells the work why it should stop. The first reason stays. */
export function abort(attempt: Attempt, reason: WorkInterrupted['reason']): void {
  if (!attempt.controller.signal.aborted) attempt.controller.abort(new WorkInterrupted(reason))
}

async function write(worker: WorkerContext, attempt: Attempt, report: Report): Promise<void> {
  try {
    await persist(worker, () =>
      worker.store.transition(worker.namespace, attempt.actionId, (current) =>
        owns(worker, current, attempt) ? lifecycle.progress(current, report, report.log) : undefined,
      ),
    )
  } catch (error) {
    logStoreError(worker, error, 'What the work said could not be written', { action_id: attempt.actionId })
  }
}

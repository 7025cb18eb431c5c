import * as lifecycle from '../action/lifecycle.ts'
import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import { type ActionStatus, toDetails } from '../documents/action-status.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { Change, Creation, InlineChange, NewAction } from '../store/action-store.ts'
import { FIRST_LEASE } from '../store/changes.ts'
import { inRequestOf } from './creator.ts'
import { changeOf, failureOutcome, logOutcome, outcomeOf } from './outcome.ts'
import { nudgeIn, recordOutcome, returnRunning, returnUnstarted, runContext, runJob } from './run-job.ts'
import { sealCaller } from './sealed-state.ts'
import type { JobTaker } from './take-jobs.ts'
import { type Attempt, createAttempt, loseJob, type WorkerContext } from './worker-context.ts'

/**
 * Records a new action in the store and starts its work:
 * - Synchronous work runs inline, inside the transaction that records its action: exactly once, with one
 *   commit. The store first decides that the request is the first of its key. Nobody sees the action before
 *   its work has ended.
 * - Otherwise, if this instance has a free place, it holds the new job from the same commit on, and starts
 *   the work without reading it back.
 * - Otherwise the job is due, for any instance with a free place.
 */
export type ActionStarter = (action: NewAction, auth: AuthState) => Promise<Creation>

/** Work that has run inline, and what to do once its transaction has ended. */
type InlineRun = {
  change: InlineChange
  /** The action is recorded: work that returned a promise continues. */
  committed: () => void
  /** Another request with the same key was first: work that returned a promise is aborted. */
  abandoned: () => void
  /** The result of the commit is unknown: such work is aborted, and its job, if there is one, made due. */
  commitUnknown: () => void
}

/** @param track registers an attempt as running until its promise ends */
export function createActionStarter(
  worker: WorkerContext,
  taker: JobTaker,
  track: (attempt: Attempt, done: Promise<void>) => void,
): ActionStarter {
  const { provider, options, store, instance, starting, now } = worker
  // A function that has returned a promise is not called inside a transaction again.
  let isAsync = provider.work.kind !== 'run' || provider.work.run.constructor.name === 'AsyncFunction'

  const firstAttempt = ({ action_id, deadline_at }: NewAction): Attempt => {
    const attempt = createAttempt(worker, { action_id, lease: FIRST_LEASE }, performance.now())
    attempt.number = 1
    attempt.deadlineAt = deadline_at
    return attempt
  }

  async function createHeld(action: NewAction): Promise<Creation> {
    const attempt = firstAttempt(action)
    const recordingEnded = Promise.withResolvers<void>()
    attempt.ended = recordingEnded.promise
    starting.set(action.action_id, attempt)
    const freePlace = (): void => {
      starting.delete(action.action_id)
      recordingEnded.resolve()
    }
    try {
      const creation = await store.create({ ...action, holder: instance })
      freePlace()
      if (creation.outcome === 'created') {
        const work = { request: action.request, secret: action.secret, steps: [], events: [] }
        const begun = { action: creation.action, work }
        worker.instrument.apart(() => track(attempt, runJob(worker, attempt, begun)))
      } else taker.freed()
      return creation
    } catch (error) {
      // The action may be recorded with this instance as holder of its job. Return the job, so that it need
      // not wait for the end of its lease.
      void returnUnstarted(worker, attempt)
        .finally(freePlace)
        .then(() => taker.nudge())
      throw error
    }
  }

  function callWork(
    status: ActionStatus,
    request: ActionRequest,
    auth: AuthState,
    attempt: Attempt,
  ): unknown {
    if (provider.work.kind !== 'run') throw new TypeError('Only a run can run inline')
    const { creator_id, start_time = '' } = status
    const context = runContext(worker, attempt, { creator_id, start_time, request }, inRequestOf(auth))
    return provider.work.run(context as never)
  }

  /** Runs the work of a new action inline. Never throws: an error of the work ends the action. */
  function runInline(action: NewAction, auth: AuthState): InlineRun {
    const { action_id, status, request } = action
    const attempt = firstAttempt(action)
    const recorded = Promise.withResolvers<void>()
    attempt.recorded = recorded.promise
    attempt.started = true
    try {
      const value = callWork(status, request, auth, attempt)
      if (isPromiseLike(value)) {
        isAsync = true
        const secret = sealCaller(worker, action_id, auth)
        return continueRun(attempt, Promise.resolve(value), secret, recorded.resolve)
      }
      return completedRun(attempt, lifecycle.succeed(livingAction(status), toDetails(value), now()))
    } catch (error) {
      const outcome = failureOutcome(worker, attempt, error)
      logOutcome(worker, attempt, outcome)
      if (outcome.kind === 'retry') nudgeIn(worker, outcome.after)
      return completedRun(attempt, changeOf(worker, livingAction(status), outcome, now()))
    }
  }

  /**
   * Continues work that returned a promise, as an attempt: this instance holds the job as soon as the action
   * is recorded.
   */
  function continueRun(
    attempt: Attempt,
    value: Promise<unknown>,
    secret: Uint8Array,
    recorded: () => void,
  ): InlineRun {
    const part = { name: 'work', action_id: attempt.actionId, attempt: 1 } as const
    const abandoned = (): void => {
      // Nothing else handles its rejection.
      value.catch(() => {})
      loseJob(attempt)
    }
    return {
      change: { holder: instance, secret },
      committed() {
        recorded()
        track(
          attempt,
          worker.instrument.background(part, async (ended) => {
            const outcome = await outcomeOf(worker, attempt, value)
            ended(outcome.kind)
            await recordOutcome(worker, attempt, outcome)
          }),
        )
      },
      abandoned,
      commitUnknown() {
        abandoned()
        void returnRunning(worker, attempt)
      },
    }
  }

  async function createInline(action: NewAction, auth: AuthState): Promise<Creation> {
    let inline = undefined as InlineRun | undefined
    const run = (): InlineChange => {
      inline = runInline(action, auth)
      return inline.change
    }
    try {
      const creation = await store.create({ ...action, runInline: run })
      if (creation.outcome === 'created') inline?.committed()
      else inline?.abandoned()
      return creation
    } catch (error) {
      inline?.commitUnknown()
      throw error
    }
  }

  const { limits, keyOf } = options.concurrency
  const version = options.version && { work_version: options.version.version }

  return async (given, auth) => {
    const action: NewAction = { ...given, ...version }
    const runsInline = provider.description.synchronous && options.restartable && !isAsync && !limits
    if (runsInline) return createInline(action, auth)
    const job_key = keyOf(action.request.body)
    const secret = sealCaller(worker, action.action_id, auth)
    const withJob = { ...action, job: true, secret, ...(job_key !== undefined && { job_key }) }
    return taker.hasRoom ? createHeld(withJob) : store.create(withJob)
  }
}

/** An inline run that is complete: its end and its log in one change. */
function completedRun({ progress }: Attempt, change: Change): InlineRun {
  progress.close()
  return {
    change: { ...change, attempt: 1, log: [...progress.take().log, ...(change.log ?? [])] },
    committed: () => {},
    abandoned: () => {},
    commitUnknown: () => {},
  }
}

/** The new action as the lifecycle functions see it, during its first attempt. */
function livingAction(status: ActionStatus): lifecycle.LivingAction {
  return { status: status.status, document: status, attempt: 1 }
}

import * as lifecycle from '../action/lifecycle.ts'
import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import { type ActionStatus, toDetails } from '../documents/action-status.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { Change, Creation, InlineChange, NewAction } from '../store/action-store.ts'
import { FIRST_LEASE } from '../store/changes.ts'
import { inRequestOf } from './creator.ts'
import { changeOf, failureOutcome, logOutcome, outcomeOf } from './outcome.ts'
import { conclude, giveBack, handBack, nudgeIn, runContext, runJob } from './run-job.ts'
import { sealCaller } from './sealed-state.ts'
import type { JobTaker } from './take-jobs.ts'
import { type Attempt, createAttempt, lose, type WorkerContext } from './worker-context.ts'

/**
 * Records a new action, with what begins its work as soon as may be:
 * - Work that may end at once runs inline, inside the transaction that records its action: exactly once, for
 *   the price of one commit. The uniqueness of the request is decided before it runs, and nobody can see the
 *   action before it has ended.
 * - Where this instance has room, it holds the job from the same commit on, and begins the work from memory.
 * - Otherwise the job is due, for whoever has room.
 */
export type ActionStarter = (action: NewAction, auth: AuthState) => Promise<Creation>

/** Work that has run inline: what it changes, and what follows. */
type InlineRun = {
  change: InlineChange
  /** The change is durable: work that takes time goes on. */
  committed: () => void
  /** Another request came first: work that takes time is stopped. */
  abandoned: () => void
  /** Whether the change is durable is not known: such work is stopped, and left to whoever takes the job. */
  doubtful: () => void
}

/** @param track takes charge of work that goes on here */
export function createActionStarter(
  worker: WorkerContext,
  taker: JobTaker,
  track: (attempt: Attempt, done: Promise<void>) => void,
): ActionStarter {
  const { provider, options, store, instance, starting, now } = worker
  // A function that returned a promise once is not run inside a transaction again.
  let takesTime = provider.work.kind !== 'run' || provider.work.run.constructor.name === 'AsyncFunction'

  const firstAttempt = ({ action_id, deadline_at }: NewAction): Attempt => {
    const attempt = createAttempt(worker, { action_id, lease: FIRST_LEASE }, performance.now())
    attempt.number = 1
    attempt.deadlineAt = deadline_at
    return attempt
  }

  async function createHeld(action: NewAction): Promise<Creation> {
    const attempt = firstAttempt(action)
    const decided = Promise.withResolvers<void>()
    attempt.ended = decided.promise
    starting.set(action.action_id, attempt)
    const leave = (): void => {
      starting.delete(action.action_id)
      decided.resolve()
    }
    try {
      const creation = await store.create({ ...action, holder: instance })
      leave()
      if (creation.outcome === 'created') {
        const work = { request: action.request, secret: action.secret, steps: [], events: [] }
        const begun = { action: creation.action, work }
        worker.instrument.apart(() => track(attempt, runJob(worker, attempt, begun)))
      } else taker.freed()
      return creation
    } catch (error) {
      // It may be recorded all the same, and nobody would know that this instance holds its job.
      void giveBack(worker, attempt)
        .finally(leave)
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

  /** Runs the work of a new action. Never throws: what the work throws ends the action. */
  function runInline(action: NewAction, auth: AuthState): InlineRun {
    const { action_id, status, request } = action
    const attempt = firstAttempt(action)
    const recorded = Promise.withResolvers<void>()
    attempt.recorded = recorded.promise
    attempt.started = true
    try {
      const value = callWork(status, request, auth, attempt)
      if (isPromiseLike(value)) {
        takesTime = true
        const secret = sealCaller(worker, action_id, auth)
        return goesOn(attempt, Promise.resolve(value), secret, recorded.resolve)
      }
      return ended(attempt, lifecycle.succeed(begun(status), toDetails(value), now()))
    } catch (error) {
      const outcome = failureOutcome(worker, attempt, error)
      logOutcome(worker, attempt, outcome)
      if (outcome.kind === 'retry') nudgeIn(worker, outcome.after)
      return ended(attempt, changeOf(worker, begun(status), outcome, now()))
    }
  }

  /**
   * Work that returned a promise: this instance holds its job from the moment in which the action is
   * recorded.
   */
  function goesOn(
    attempt: Attempt,
    value: Promise<unknown>,
    secret: Uint8Array,
    recorded: () => void,
  ): InlineRun {
    const part = { name: 'work', action_id: attempt.actionId, attempt: 1 } as const
    const abandoned = (): void => {
      // Nobody is left to hear of its failure.
      value.catch(() => {})
      lose(attempt)
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
            await conclude(worker, attempt, outcome)
          }),
        )
      },
      abandoned,
      doubtful() {
        abandoned()
        void handBack(worker, attempt)
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
      inline?.doubtful()
      throw error
    }
  }

  const { limits, keyOf } = options.concurrency
  const version = options.version && { work_version: options.version.version }

  return async (given, auth) => {
    const action: NewAction = { ...given, ...version }
    const mayEndAtOnce = provider.description.synchronous && options.restartable && !takesTime && !limits
    if (mayEndAtOnce) return createInline(action, auth)
    const job_key = keyOf(action.request.body)
    const secret = sealCaller(worker, action.action_id, auth)
    const withJob = { ...action, job: true, secret, ...(job_key !== undefined && { job_key }) }
    return taker.hasRoom ? createHeld(withJob) : store.create(withJob)
  }
}

/** Work that is over: its end and what it logged, in one change. */
function ended({ progress }: Attempt, change: Change): InlineRun {
  progress.close()
  return {
    change: { ...change, attempt: 1, log: [...progress.take().log, ...(change.log ?? [])] },
    committed: () => {},
    abandoned: () => {},
    doubtful: () => {},
  }
}

/** What decides what may happen next to an action that is being recorded: its first run has ended. */
function begun(status: ActionStatus): lifecycle.LivingAction {
  return { status: status.status, document: status, attempt: 1 }
}

import * as lifecycle from '../action/lifecycle.ts'
import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import { type ActionStatus, toDetails } from '../documents/action-status.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { Change, Settlement } from '../store/action-store.ts'
import { FIRST_LEASE } from '../store/changes.ts'
import { changeOf, failureOutcome, logOutcome, outcomeOf } from './outcome.ts'
import { conclude, nudgeIn, runContext } from './run-job.ts'
import { type Attempt, createAttempt, lose, type WorkerContext } from './worker-context.ts'

/**
 * Work that ends at once runs inside the transaction that records its action: exactly once, for the price of one commit.
 * The uniqueness of the request is decided before it runs, and nobody can see the action before it has ended.
 */
export type InlineRunner = {
  /** Whether the provider's work may be run this way. */
  readonly possible: boolean
  /** Runs the work: the change that ends the action, or one that leaves it running. Never throws. */
  settle: (status: ActionStatus, request: ActionRequest, auth: AuthState, deadlineAt: number) => Settlement
  /** The transaction was committed, or was not. */
  settled: (actionId: string, committed: boolean) => void
}

/**
 * @param track takes charge of work that goes on after its transaction
 * @param seal what is kept, encrypted, for work that goes on
 */
export function createInlineRunner(
  worker: WorkerContext,
  track: (attempt: Attempt, done: Promise<void>) => void,
  seal: (actionId: string, auth: AuthState) => Uint8Array,
): InlineRunner {
  const { provider, options, instance, now } = worker
  const going = new Map<string, { attempt: Attempt; value: Promise<unknown> }>()
  // A function that returned a promise once is not run inside a transaction again.
  let takesTime = provider.work.kind !== 'run' || provider.work.run.constructor.name === 'AsyncFunction'

  function run(status: ActionStatus, request: ActionRequest, auth: AuthState, attempt: Attempt): unknown {
    if (provider.work.kind !== 'run') throw new TypeError('Only a run can settle')
    const { creator_id, start_time = '' } = status
    const token = async (scope: string): Promise<string> => (await auth.dependentToken(scope)).access_token
    const context = runContext(worker, attempt, { creator_id, start_time, request }, token)
    return provider.work.run(context as never)
  }

  return {
    get possible() {
      return provider.description.synchronous && options.restartable && !takesTime
    },

    settle(status, request, auth, deadlineAt) {
      const attempt = createAttempt(
        worker,
        { action_id: status.action_id, lease: FIRST_LEASE },
        performance.now(),
      )
      attempt.number = 1
      attempt.started = true
      attempt.deadlineAt = deadlineAt
      try {
        const value = run(status, request, auth, attempt)
        if (isPromiseLike(value)) {
          takesTime = true
          going.set(status.action_id, { attempt, value: Promise.resolve(value) })
          const secret = seal(status.action_id, auth)
          return { attempt: 1, runs_on: instance, held_by: instance, secret }
        }
        return settledWith(lifecycle.succeedFrom(status, toDetails(value), now()), attempt)
      } catch (error) {
        const outcome = failureOutcome(worker, attempt, error)
        logOutcome(worker, attempt, outcome)
        if (outcome.kind === 'retry') nudgeIn(worker, outcome.after)
        return settledWith(changeOf(worker, begun(status), outcome, now()), attempt)
      }
    },

    settled(actionId, committed) {
      const found = going.get(actionId)
      if (found === undefined) return
      going.delete(actionId)
      const { attempt, value } = found
      if (committed) {
        track(
          attempt,
          worker.instrument.background({ name: 'work', action_id: actionId, attempt: 1 }, async (ended) => {
            const outcome = await outcomeOf(worker, attempt, value)
            ended(outcome.kind)
            await conclude(worker, attempt, outcome)
          }),
        )
      } else {
        value.catch(() => {})
        lose(attempt)
      }
    },
  }
}

/** The change of a run that is over, with what it said. */
function settledWith(change: Change, attempt: Attempt): Change {
  attempt.progress.close()
  return { ...change, attempt: 1, log: [...attempt.progress.take().log, ...(change.log ?? [])] }
}

/** What decides what may happen next to an action that is being recorded: its first run has ended. */
function begun(status: ActionStatus): lifecycle.LivingAction {
  return { status: status.status, document: JSON.stringify(status), attempt: 1 }
}

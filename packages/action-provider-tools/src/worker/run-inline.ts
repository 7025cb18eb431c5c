import * as lifecycle from '../action/lifecycle.ts'
import type { AuthState } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import { type ActionStatus, toDetails } from '../documents/action-status.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { Change, Creation, InlineChange, NewAction } from '../store/action-store.ts'
import { FIRST_LEASE } from '../store/changes.ts'
import { changeOf, failureOutcome, logOutcome, outcomeOf } from './outcome.ts'
import { conclude, nudgeIn, runContext } from './run-job.ts'
import { type Attempt, createAttempt, lose, type WorkerContext } from './worker-context.ts'

/**
 * Work that ends at once runs inline, inside the transaction that records its action: exactly once, for the price of one
 * commit. The uniqueness of the request is decided before it runs, and nobody can see the action before it has ended.
 */
export type InlineRunner = {
  /** Whether the provider's work may be run this way. */
  readonly possible: boolean
  /** Records an action and runs its work in the same transaction. Work that takes time goes on after the commit. */
  create: (action: NewAction, auth: AuthState) => Promise<Creation>
}

/** Work that has run inline: what it changes, and what follows. */
type InlineRun = {
  change: InlineChange
  /** The change is durable: work that takes time goes on. */
  committed: () => void
  /** Nothing was recorded: work that takes time is stopped. */
  abandoned: () => void
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
  const { provider, options, store, instance, now } = worker
  // A function that returned a promise once is not run inside a transaction again.
  let takesTime = provider.work.kind !== 'run' || provider.work.run.constructor.name === 'AsyncFunction'

  function callWork(
    status: ActionStatus,
    request: ActionRequest,
    auth: AuthState,
    attempt: Attempt,
  ): unknown {
    if (provider.work.kind !== 'run') throw new TypeError('Only a run can run inline')
    const { creator_id, start_time = '' } = status
    const token = async (scope: string): Promise<string> => (await auth.dependentToken(scope)).access_token
    const context = runContext(worker, attempt, { creator_id, start_time, request }, token)
    return provider.work.run(context as never)
  }

  /** Runs the work of a new action. Never throws: what the work throws ends the action. */
  function run({ action_id, status, request, deadline_at }: NewAction, auth: AuthState): InlineRun {
    const attempt = createAttempt(worker, { action_id, lease: FIRST_LEASE }, performance.now())
    attempt.number = 1
    attempt.started = true
    attempt.deadlineAt = deadline_at
    const recorded = Promise.withResolvers<void>()
    attempt.recorded = recorded.promise
    try {
      const value = callWork(status, request, auth, attempt)
      if (isPromiseLike(value)) {
        takesTime = true
        return goesOn(attempt, Promise.resolve(value), seal(action_id, auth), recorded.resolve)
      }
      return ended(attempt, lifecycle.succeed(begun(status), toDetails(value), now()))
    } catch (error) {
      const outcome = failureOutcome(worker, attempt, error)
      logOutcome(worker, attempt, outcome)
      if (outcome.kind === 'retry') nudgeIn(worker, outcome.after)
      return ended(attempt, changeOf(worker, begun(status), outcome, now()))
    }
  }

  /** Work that returned a promise: this instance holds its job from the moment in which the action is recorded. */
  function goesOn(
    attempt: Attempt,
    value: Promise<unknown>,
    secret: Uint8Array,
    recorded: () => void,
  ): InlineRun {
    const part = { name: 'work', action_id: attempt.actionId, attempt: 1 } as const
    return {
      change: { attempt: 1, runs_on: instance, holder: instance, secret },
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
      abandoned() {
        // Nobody is left to hear of its failure.
        value.catch(() => {})
        lose(attempt)
      },
    }
  }

  return {
    get possible() {
      return provider.description.synchronous && options.restartable && !takesTime
    },

    async create(action, auth) {
      let inline = undefined as InlineRun | undefined
      const runInline = (): InlineChange => {
        inline = run(action, auth)
        return inline.change
      }
      try {
        const creation = await store.create({ ...action, runInline })
        if (creation.outcome === 'created') inline?.committed()
        else inline?.abandoned()
        return creation
      } catch (error) {
        inline?.abandoned()
        throw error
      }
    },
  }
}

/** Work that is over: its end and what it logged, in one change. */
function ended({ progress }: Attempt, change: Change): InlineRun {
  progress.close()
  return {
    change: { ...change, attempt: 1, log: [...progress.take().log, ...(change.log ?? [])] },
    committed: () => {},
    abandoned: () => {},
  }
}

/** What decides what may happen next to an action that is being recorded: its first run has ended. */
function begun(status: ActionStatus): lifecycle.LivingAction {
  return { status: status.status, document: status, attempt: 1 }
}

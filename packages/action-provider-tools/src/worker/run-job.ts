import * as lifecycle from '../action/lifecycle.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { Change, Hold, StoredAction } from '../store/action-store.ts'
import { errorFacts } from '../telemetry/error-facts.ts'
import { type Attempt, holdOf, owns } from './attempt.ts'
import { runContext } from './context.ts'
import { changeOf, judge, type Outcome, outcomeOf } from './outcome.ts'
import type { Report } from './progress-buffer.ts'
import { mustEnd, pollInterval, visit } from './remote.ts'
import { keepState, traceparentOf } from './sealed-state.ts'
import {
  DEADLINE_EXCEEDED,
  INTERRUPTED,
  isOverdue,
  logStoreError,
  NOT_HANDED_BACK,
  persist,
  type WorkerContext,
} from './worker-context.ts'

/** What a run needs from the store. */
type Begun = { action: StoredAction; request: ActionRequest; sealed: Uint8Array | undefined }

/** Runs the work of an action whose job this instance holds, from its beginning to what follows from it. */
export async function runJob(worker: WorkerContext, attempt: Attempt): Promise<void> {
  const { telemetry } = worker
  const { actionId } = attempt
  const startedAt = Date.now()
  const begun = await begin(worker, attempt).catch((error: unknown) => {
    if (!isWithdrawn(attempt)) throw error
  })
  if (isWithdrawn(attempt)) return giveBack(worker, attempt)
  if (begun === undefined) return
  const traceparent = await traceparentOf(worker, actionId, begun.sealed)
  const part = { name: 'work', action_id: actionId, attempt: attempt.number, traceparent, startedAt } as const
  await telemetry.background(part, async (ended) => {
    const outcome = await execute(worker, attempt, begun)
    ended(outcome.kind)
    await conclude(worker, attempt, outcome)
  })
}

/** Whether an attempt must not begin: the instance stops, or another may have its job. */
function isWithdrawn({ interruption }: Attempt): boolean {
  return interruption === 'shutdown' || interruption === 'lost'
}

/** Begins an attempt, as long as this instance holds the job. Resolves with nothing where there is no work to do. */
async function begin(worker: WorkerContext, attempt: Attempt): Promise<Begun | undefined> {
  const { store, namespace, instance } = worker
  const { actionId, job } = attempt
  const hold = holdOf(worker, attempt)
  const insist = <T>(change: () => T | Promise<T>): Promise<T> =>
    persist(worker, change, () => isWithdrawn(attempt))
  const action = await insist(() =>
    store.transition(namespace, actionId, (current) => beginning(worker, current, hold), hold),
  )
  if (action?.status !== 'ACTIVE' || action.lease !== job.lease || action.runs_on !== instance)
    return undefined
  attempt.number = action.attempt
  attempt.failures = action.failures
  attempt.deadlineAt = action.deadline_at
  const request = await insist(() => store.getRequest(namespace, actionId))
  const sealed = await insist(() => store.getSecret(namespace, actionId))
  return request && { action, request, sealed }
}

/** Makes the job due for any instance, of an attempt that has not called the work: it is as if it had never begun. */
async function giveBack(worker: WorkerContext, attempt: Attempt): Promise<void> {
  const { store, namespace, instance, now } = worker
  const insist = <T>(change: () => Promise<T>): Promise<T> => persist(worker, change, () => attempt.lost)
  try {
    const unbegin = (current: StoredAction): Change | undefined =>
      owns(worker, current, attempt)
        ? { attempt: current.attempt - 1, runs_on: null, job: { due_at: now() } }
        : undefined
    await insist(() => store.transition(namespace, attempt.actionId, unbegin))
    await insist(() => store.returnJobs(namespace, instance, [attempt.job]))
  } catch (error) {
    if (attempt.lost) return
    logStoreError(worker, error, NOT_HANDED_BACK, { action_id: attempt.actionId })
  }
}

/** What the beginning of a run does to an action: it may have ended before it could begin. */
function beginning(worker: WorkerContext, current: StoredAction, hold: Hold): Change | undefined {
  const { provider, options, instance, now } = worker
  // It has begun already: the answer that said so was lost.
  if (current.lease === hold.lease && current.runs_on === instance) return undefined
  if (current.status !== 'ACTIVE') return { job: 'done' }
  // Work in another system is visited once more, to be told that it must end.
  if (provider.work.kind !== 'remote') {
    if (current.cancel_requested_at !== undefined) return lifecycle.canceled(current, now(), [])
    if (isOverdue(worker, current)) return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
  }
  const toBeTold = provider.work.kind === 'remote' && mustEnd(worker, current)
  if (current.runs_on !== undefined && !options.restartable && !toBeTold)
    return lifecycle.fail(current, INTERRUPTED, now())
  return lifecycle.startAttempt(current, hold)
}

async function execute(
  worker: WorkerContext,
  attempt: Attempt,
  { action, request, sealed }: Begun,
): Promise<Outcome> {
  const { work } = worker.provider
  const keeper = keepState(worker, attempt, sealed)
  attempt.started = true
  const working = async (): Promise<unknown> => {
    // Work that may not run twice must not begin without what it may ask for later.
    if (!worker.options.restartable) void keeper.content
    const { creator_id, start_time = '' } = lifecycle.statusOf(action)
    const { resumed_by } = action
    const begun = { creator_id, resumed_by, start_time, request }
    const context = runContext(worker, attempt, begun, keeper.dependentToken)
    if (work.kind === 'remote') return visit(worker, attempt, action, context, keeper)
    // It may have been told to stop before it could begin.
    context.signal.throwIfAborted()
    return work.run(context as never)
  }
  return judge(attempt, keeper, await outcomeOf(worker, attempt, working()))
}

/** Records what follows from a run, and makes sure of it: however long the database is away, and only while the action is this run's. */
export async function conclude(worker: WorkerContext, attempt: Attempt, outcome: Outcome): Promise<void> {
  const { store, namespace, now } = worker
  if (outcome.kind === 'abandoned' || attempt.lost) return
  logOutcome(worker, attempt, outcome)
  const said = await attempt.reports.drain()
  const endedAt = now()
  const change = (current: StoredAction): Change | undefined =>
    owns(worker, current, attempt) ? lastChange(worker, current, said, outcome, endedAt) : undefined
  const isVain = (): boolean => attempt.lost
  const after = await persist(worker, () => store.transition(namespace, attempt.actionId, change), isVain)
  if (after?.status !== 'ACTIVE') return
  if (outcome.kind === 'retry') nudgeIn(worker, outcome.after)
  if (outcome.kind === 'visited') nudgeIn(worker, pollInterval(worker))
}

/** What the work said last, and what follows from its end, in one change. */
function lastChange(
  worker: WorkerContext,
  current: StoredAction,
  said: Report,
  outcome: Exclude<Outcome, { kind: 'abandoned' }>,
  at: number,
): Change {
  const { status, log = [] } = lifecycle.progress(current, said, said.log)
  const change = changeOf(worker, { ...current, document: JSON.stringify(status) }, outcome, at)
  return { ...(status && { status }), ...change, log: [...log, ...(change.log ?? [])] }
}

/** Logs what no caller is told. */
export function logOutcome({ log }: WorkerContext, { actionId }: Attempt, outcome: Outcome): void {
  if (outcome.kind === 'failed' && 'unexpected' in outcome) {
    log.error({ err: errorFacts(outcome.unexpected), action_id: actionId }, 'The work of an action failed')
  }
  if (outcome.kind === 'told' && outcome.unexpected !== undefined) {
    log.error(
      { err: errorFacts(outcome.unexpected), action_id: actionId },
      'The other system could not be told that its work must end',
    )
  }
  if (outcome.kind === 'unreadable') {
    log.error(
      { err: errorFacts(outcome.error), action_id: actionId },
      'What the work of an action needs cannot be read here: it is left to other instances, and tried again',
    )
  }
  if (outcome.kind === 'retry') {
    log.warn(
      { err: errorFacts(outcome.cause), action_id: actionId, after: outcome.after },
      'The work will be tried again',
    )
  }
}

/** Looks for work once a time has passed, in milliseconds. The worker looks anyway; this is sooner. */
export function nudgeIn(worker: WorkerContext, milliseconds: number): void {
  setTimeout(worker.nudge, milliseconds + 5).unref()
}

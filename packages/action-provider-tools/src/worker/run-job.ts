import * as lifecycle from '../action/lifecycle.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionStatus } from '../documents/action-status.ts'
import { toDetails } from '../documents/action-status.ts'
import type { RunContext } from '../provider/run-context.ts'
import { jittered } from '../retry.ts'
import type { Change, CurrentAction, Hold, StoredAction, StoredWork } from '../store/action-store.ts'
import { type ActsAs, afterRequest } from './creator.ts'
import { changeOf, corrected, logOutcome, type Outcome, outcomeOf, Paused } from './outcome.ts'
import { logEntry, type Progress } from './progress-buffer.ts'
import { callRemote, mustEnd, pollInterval } from './remote-work.ts'
import { attemptState, traceparentOf } from './sealed-state.ts'
import { createSteps, type Steps } from './steps.ts'
import {
  type Attempt,
  DEADLINE_EXCEEDED,
  holdOf,
  INTERRUPTED,
  isOverdue,
  logStoreError,
  owns,
  persist,
  progressed,
  VERSION_CHANGED,
  type WorkerContext,
} from './worker-context.ts'

/** What an attempt needs from the store. */
type Begun = { action: StoredAction; work: StoredWork }

/**
 * Runs an attempt whose job this instance holds, and records what follows from it.
 * @param known what it needs of an attempt that has begun with its action
 */
export async function runJob(worker: WorkerContext, attempt: Attempt, known?: Begun): Promise<void> {
  const { actionId } = attempt
  const startedAt = Date.now()
  const begun =
    known ??
    (await begin(worker, attempt).catch((error: unknown) => {
      if (!isWithdrawn(attempt)) throw error
    }))
  if (isWithdrawn(attempt)) return giveBack(worker, attempt)
  if (begun === undefined) return
  const traceparent = await traceparentOf(worker, actionId, begun.work.secret)
  const part = { name: 'work', action_id: actionId, attempt: attempt.number, traceparent, startedAt } as const
  await worker.instrument.background(part, async (ended) => {
    const outcome = await execute(worker, attempt, begun)
    ended(outcome.kind)
    await conclude(worker, attempt, outcome)
  })
}

/** Whether an attempt must not begin, because the instance stops or another may hold its job. */
function isWithdrawn({ interruption }: Attempt): boolean {
  return interruption === 'shutdown' || interruption === 'lost'
}

/**
 * Begins an attempt if this instance still holds the job. Resolves with nothing where there is no work to do.
 */
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
  attempt.eventsSeen = action.events
  const work = await insist(() => store.getWork(namespace, actionId))
  return work && { action, work }
}

/** Returns the job of an attempt that has not called the work, as if it had never begun. */
export async function giveBack(worker: WorkerContext, attempt: Attempt): Promise<void> {
  const { store, namespace, instance, now } = worker
  const insist = <T>(change: () => Promise<T>): Promise<T> => persist(worker, change, () => attempt.lost)
  try {
    const unbegin = (current: CurrentAction): Change | undefined =>
      owns(worker, current, attempt)
        ? { attempt: current.attempt - 1, runs_on: null, job: { due_at: now() } }
        : undefined
    await insist(() => store.transition(namespace, attempt.actionId, unbegin))
    await insist(() => store.returnJobs(namespace, instance, [attempt.job]))
  } catch (error) {
    if (attempt.lost) return
    logNotHandedBack(worker, attempt, error)
  }
}

/**
 * Makes the job of a running attempt due for another instance. If its work still ends here, the action is no
 * longer its to change.
 */
export async function handBack(worker: WorkerContext, attempt: Attempt): Promise<void> {
  const change = (current: CurrentAction): Change | undefined =>
    owns(worker, current, attempt)
      ? changeOf(worker, current, { kind: 'interrupted' }, worker.now())
      : undefined
  try {
    await persist(
      worker,
      () => worker.store.transition(worker.namespace, attempt.actionId, change),
      () => false,
    )
  } catch (error) {
    logNotHandedBack(worker, attempt, error)
  }
}

function logNotHandedBack(worker: WorkerContext, { actionId }: Attempt, error: unknown): void {
  const message = 'A job could not be handed back; another instance takes it over when its lease ends'
  logStoreError(worker, error, message, { action_id: actionId })
}

/** The change that begins an attempt, or that ends an action whose work must not begin. */
function beginning(worker: WorkerContext, current: CurrentAction, hold: Hold): Change | undefined {
  const { provider, options, instance, now } = worker
  // It has begun already, and only the answer was lost.
  if (current.lease === hold.lease && current.runs_on === instance) return undefined
  const isWaiting = current.status === 'INACTIVE' && provider.work.kind === 'run'
  if (current.status !== 'ACTIVE' && !isWaiting) return { job: 'done' }
  // Work in another system must be canceled there first.
  if (provider.work.kind !== 'remote') {
    if (current.cancel_requested_at !== undefined) return lifecycle.canceled(current, now(), [])
    if (isOverdue(worker, current)) return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
  }
  const toCancel = provider.work.kind === 'remote' && mustEnd(worker, current)
  if (current.runs_on !== undefined && !options.restartable && !toCancel)
    return lifecycle.fail(current, INTERRUPTED, now())
  if (options.version?.takes(current.work_version) === false) return otherVersion(worker, current)
  // The time of its wait is over: only what waits has a job while it is INACTIVE.
  const { status } = isWaiting ? lifecycle.wake(current, now()) : {}
  return { ...lifecycle.startAttempt(current, hold), ...(status && { status }) }
}

/**
 * For how long work of another version is left alone, in milliseconds, before an instance is offered it
 * again.
 */
const OTHER_VERSION_WAIT = 30_000

/** What becomes of work of a version that this instance may not go on with. */
function otherVersion({ options, instance, now }: WorkerContext, current: CurrentAction): Change {
  if (options.version?.onOther !== 'wait') return lifecycle.fail(current, VERSION_CHANGED, now())
  return { runs_on: null, job: { due_at: now() + jittered(OTHER_VERSION_WAIT), left_by: instance } }
}

/** Calls the author's work. Never rejects. */
async function execute(
  worker: WorkerContext,
  attempt: Attempt,
  { action, work: stored }: Begun,
): Promise<Outcome> {
  const { work } = worker.provider
  const state = attemptState(worker, attempt, stored.secret)
  attempt.started = true
  const working = async (): Promise<unknown> => {
    // Work that may not run twice must not begin if it could not get its tokens later.
    if (!worker.options.restartable) void state.value
    const { creator_id, start_time = '' } = JSON.parse(action.document) as ActionStatus
    const { resumed_by } = action
    const begun = { creator_id, resumed_by, start_time, ...stored }
    const context = runContext(worker, attempt, begun, afterRequest(worker, creator_id, state))
    if (work.kind === 'remote') return callRemote(worker, attempt, action, context, state)
    // It may have been told to stop before it could begin.
    context.signal.throwIfAborted()
    return work.run(context as never)
  }
  return corrected(attempt, state, await outcomeOf(worker, attempt, working()))
}

/** What an attempt begins with; no steps where it is the first. */
type Begins = {
  creator_id: string
  resumed_by?: string | undefined
  start_time: string
  request: ActionRequest
  steps?: StoredWork['steps']
  events?: StoredWork['events']
}

/** What an author's work is given for one attempt. */
export function runContext(
  worker: WorkerContext,
  attempt: Attempt,
  action: Begins,
  as: ActsAs,
): RunContext<unknown> {
  let made: Steps | undefined
  // Most work has no steps.
  const steps = (): Steps => (made ??= createSteps(worker, attempt, action))
  return {
    input: action.request.body,
    request: action.request,
    action_id: attempt.actionId,
    creator_id: action.creator_id,
    get auth() {
      return as.creator()
    },
    resumed_by: action.resumed_by,
    start_time: action.start_time,
    attempt: attempt.number,
    get signal() {
      return attempt.controller.signal
    },
    progress: (details, displayStatus) => attempt.progress.update(toDetails(details), displayStatus),
    log: (code, description, details) => {
      if (!worker.provider.description.log_supported) return
      attempt.progress.log(logEntry(worker.now(), code, description, details))
    },
    dependentToken: as.dependentToken,
    get step() {
      return steps().step
    },
    get sleep() {
      return steps().sleep
    },
    get waitFor() {
      return steps().waitFor
    },
    get callbackUrl() {
      return steps().callbackUrl
    },
    pause: (why) => {
      throw new Paused(why)
    },
    get logger() {
      return worker.log.child({ action_id: attempt.actionId, attempt: attempt.number })
    },
  }
}

/**
 * Records what follows from an attempt, however long the database is away, unless the action is no longer
 * this attempt's.
 */
export async function conclude(worker: WorkerContext, attempt: Attempt, outcome: Outcome): Promise<void> {
  const { store, namespace, now } = worker
  if (outcome.kind === 'abandoned' || attempt.lost) return
  logOutcome(worker, attempt, outcome)
  const progress = await attempt.progress.drain()
  const endedAt = now()
  const change = (current: CurrentAction): Change | undefined =>
    owns(worker, current, attempt) ? lastChange(worker, current, progress, outcome, endedAt) : undefined
  const isVain = (): boolean => attempt.lost
  const after = await persist(worker, () => store.transition(namespace, attempt.actionId, change), isVain)
  if (after?.status !== 'ACTIVE') return
  if (outcome.kind === 'retry') nudgeIn(worker, outcome.after)
  if (outcome.kind === 'suspended') nudgeAt(worker, outcome.until)
  if (outcome.kind === 'polled') nudgeIn(worker, pollInterval(worker))
}

/** The last progress of the work and what follows from its end, in one change. */
function lastChange(
  worker: WorkerContext,
  current: CurrentAction,
  last: Progress,
  outcome: Exclude<Outcome, { kind: 'abandoned' }>,
  at: number,
): Change {
  const before = progressed(current, last)
  const { status = current.document, log = [] } = before
  const change = changeOf(worker, { ...current, document: status }, outcome, at)
  return { ...before, ...change, log: [...log, ...(change.log ?? [])] }
}

/** Makes the worker look for due jobs at a time that comes before its regular poll. */
export function nudgeAt(worker: WorkerContext, time: number): void {
  const left = time - worker.now()
  if (left < worker.timing.poll) nudgeIn(worker, Math.max(left, 0))
}

/** Makes the worker look for due jobs after a time in milliseconds, sooner than its regular poll. */
export function nudgeIn(worker: WorkerContext, milliseconds: number): void {
  setTimeout(worker.nudge, milliseconds + 5).unref()
}

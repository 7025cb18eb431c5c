import * as lifecycle from '../action/lifecycle.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionStatus } from '../documents/action-status.ts'
import { toDetails } from '../documents/action-status.ts'
import type { RunContext } from '../provider/run-context.ts'
import { jittered } from '../retry.ts'
import type { Change, CurrentAction, Hold, StoredAction, StoredWork } from '../store/action-store.ts'
import { afterRequest, type CreatorAccess } from './creator.ts'
import { changeOf, correctedOutcome, logOutcome, type Outcome, outcomeOf, Paused } from './outcome.ts'
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
  progressChange,
  VERSION_CHANGED,
  type WorkerContext,
} from './worker-context.ts'

/** What the store has for an attempt that has begun. */
type BegunAttempt = { action: StoredAction; work: StoredWork }

/**
 * Runs an attempt whose job this instance holds, and records its outcome.
 * @param known given if the attempt began in the transaction that recorded its action
 */
export async function runJob(worker: WorkerContext, attempt: Attempt, known?: BegunAttempt): Promise<void> {
  const { actionId } = attempt
  const startedAt = Date.now()
  const begun =
    known ??
    (await begin(worker, attempt).catch((error: unknown) => {
      if (!isWithdrawn(attempt)) throw error
    }))
  if (isWithdrawn(attempt)) return returnUnstarted(worker, attempt)
  if (begun === undefined) return
  const traceparent = await traceparentOf(worker, actionId, begun.work.secret)
  const part = { name: 'work', action_id: actionId, attempt: attempt.number, traceparent, startedAt } as const
  await worker.instrument.background(part, async (ended) => {
    const outcome = await execute(worker, attempt, begun)
    ended(outcome.kind)
    await recordOutcome(worker, attempt, outcome)
  })
}

/** Whether an attempt must not call the work: the instance stops, or another one may hold the job. */
function isWithdrawn({ interruption }: Attempt): boolean {
  return interruption === 'shutdown' || interruption === 'lost'
}

/**
 * Begins an attempt if this instance still holds the job. Resolves with `undefined` if there is no work to
 * do.
 */
async function begin(worker: WorkerContext, attempt: Attempt): Promise<BegunAttempt | undefined> {
  const { store, namespace, instance } = worker
  const { actionId, job } = attempt
  const hold = holdOf(worker, attempt)
  const retryChange = <T>(change: () => T | Promise<T>): Promise<T> =>
    persist(worker, change, () => isWithdrawn(attempt))
  const action = await retryChange(() =>
    store.transition(namespace, actionId, (current) => changeToBegin(worker, current, hold), hold),
  )
  if (action?.status !== 'ACTIVE' || action.lease !== job.lease || action.runs_on !== instance)
    return undefined
  attempt.number = action.attempt
  attempt.failures = action.failures
  attempt.deadlineAt = action.deadline_at
  attempt.eventsSeen = action.events
  const work = await retryChange(() => store.getWork(namespace, actionId))
  return work && { action, work }
}

/** Returns the job of an attempt that has not called the work, and does not count the attempt. */
export async function returnUnstarted(worker: WorkerContext, attempt: Attempt): Promise<void> {
  const { store, namespace, instance, now } = worker
  const retryChange = <T>(change: () => Promise<T>): Promise<T> => persist(worker, change, () => attempt.lost)
  try {
    const undoBegin = (current: CurrentAction): Change | undefined =>
      owns(worker, current, attempt)
        ? { attempt: current.attempt - 1, runs_on: null, job: { due_at: now() } }
        : undefined
    await retryChange(() => store.transition(namespace, attempt.actionId, undoBegin))
    await retryChange(() => store.returnJobs(namespace, instance, [attempt.job]))
  } catch (error) {
    if (attempt.lost) return
    logReturnError(worker, attempt, error)
  }
}

/**
 * Makes the job of a running attempt due for other instances. The attempt then no longer owns the action: a
 * later outcome is not recorded.
 */
export async function returnRunning(worker: WorkerContext, attempt: Attempt): Promise<void> {
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
    logReturnError(worker, attempt, error)
  }
}

function logReturnError(worker: WorkerContext, { actionId }: Attempt, error: unknown): void {
  const message = 'A job could not be returned; another instance takes it over when its lease ends'
  logStoreError(worker, error, message, { action_id: actionId })
}

/** The change that begins an attempt, or that ends an action whose work must not begin. */
function changeToBegin(worker: WorkerContext, current: CurrentAction, hold: Hold): Change | undefined {
  const { provider, options, instance, now } = worker
  // The attempt began in an earlier try whose answer was lost.
  if (current.lease === hold.lease && current.runs_on === instance) return undefined
  const isWaiting = current.status === 'INACTIVE' && provider.work.kind === 'run'
  if (current.status !== 'ACTIVE' && !isWaiting) return { job: 'done' }
  // Remote work must be canceled in the other system first.
  if (provider.work.kind !== 'remote') {
    if (current.cancel_requested_at !== undefined) return lifecycle.canceled(current, now(), [])
    if (isOverdue(worker, current)) return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
  }
  const mustCancel = provider.work.kind === 'remote' && mustEnd(worker, current)
  if (current.runs_on !== undefined && !options.restartable && !mustCancel)
    return lifecycle.fail(current, INTERRUPTED, now())
  if (options.version?.takes(current.work_version) === false) return refuseVersion(worker, current)
  // An INACTIVE action has a job only if its wait had a time limit, which is now over.
  const { status } = isWaiting ? lifecycle.wake(current, now()) : {}
  return { ...lifecycle.startAttempt(current, hold), ...(status && { status }) }
}

/** How long a job of another work version is left to other instances, in milliseconds. */
const OTHER_VERSION_WAIT = 30_000

/** The change of an action whose work version this instance must not run. */
function refuseVersion({ options, instance, now }: WorkerContext, current: CurrentAction): Change {
  if (options.version?.onOther !== 'wait') return lifecycle.fail(current, VERSION_CHANGED, now())
  return { runs_on: null, job: { due_at: now() + jittered(OTHER_VERSION_WAIT), left_by: instance } }
}

/** Calls the author's work. Never rejects. */
async function execute(
  worker: WorkerContext,
  attempt: Attempt,
  { action, work: stored }: BegunAttempt,
): Promise<Outcome> {
  const { work } = worker.provider
  const state = attemptState(worker, attempt, stored.secret)
  attempt.started = true
  const callWork = async (): Promise<unknown> => {
    // Fails early if the sealed state cannot be read: work that is not restartable must not begin and then
    // find no token.
    if (!worker.options.restartable) void state.value
    const { creator_id, start_time = '' } = JSON.parse(action.document) as ActionStatus
    const { resumed_by } = action
    const begun = { creator_id, resumed_by, start_time, ...stored }
    const context = runContext(worker, attempt, begun, afterRequest(worker, creator_id, state))
    if (work.kind === 'remote') return callRemote(worker, attempt, action, context, state)
    // The attempt may have been aborted already.
    context.signal.throwIfAborted()
    return work.run(context as never)
  }
  return correctedOutcome(attempt, state, await outcomeOf(worker, attempt, callWork()))
}

/** The input of an attempt. The first attempt has no steps and events. */
type AttemptInput = {
  creator_id: string
  resumed_by?: string | undefined
  start_time: string
  request: ActionRequest
  steps?: StoredWork['steps']
  events?: StoredWork['events']
}

/** Makes the run context of an attempt, which the author's work receives. */
export function runContext(
  worker: WorkerContext,
  attempt: Attempt,
  action: AttemptInput,
  access: CreatorAccess,
): RunContext<unknown> {
  let created: Steps | undefined
  // Created at the first call: most work has none, though it may name these functions in its parameters.
  const steps = (): Steps => (created ??= createSteps(worker, attempt, action))
  return {
    input: action.request.body,
    request: action.request,
    action_id: attempt.actionId,
    creator_id: action.creator_id,
    get auth() {
      return access.creator()
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
    dependentToken: access.dependentToken,
    step: (name, act, policy) => steps().step(name, act, policy),
    sleep: (name, until) => steps().sleep(name, until),
    waitFor: (event, awaited) => steps().waitFor(event, awaited),
    callbackUrl: (event) => steps().callbackUrl(event),
    pause: (why) => {
      throw new Paused(why)
    },
    get logger() {
      return worker.log.child({ action_id: attempt.actionId, attempt: attempt.number })
    },
  }
}

/**
 * Records the outcome of an attempt, unless the attempt no longer owns the action. Retries for as long as the
 * database is unavailable.
 */
export async function recordOutcome(
  worker: WorkerContext,
  attempt: Attempt,
  outcome: Outcome,
): Promise<void> {
  const { store, namespace, now } = worker
  if (outcome.kind === 'abandoned' || attempt.lost) return
  logOutcome(worker, attempt, outcome)
  const progress = await attempt.progress.drain()
  const endedAt = now()
  const change = (current: CurrentAction): Change | undefined =>
    owns(worker, current, attempt) ? lastChange(worker, current, progress, outcome, endedAt) : undefined
  const isObsolete = (): boolean => attempt.lost
  const after = await persist(worker, () => store.transition(namespace, attempt.actionId, change), isObsolete)
  if (after?.status !== 'ACTIVE') return
  if (outcome.kind === 'retry') nudgeIn(worker, outcome.after)
  if (outcome.kind === 'suspended') nudgeAt(worker, outcome.until)
  if (outcome.kind === 'polled') nudgeIn(worker, pollInterval(worker))
}

/** The last progress of an attempt and the change of its outcome, as one change. */
function lastChange(
  worker: WorkerContext,
  current: CurrentAction,
  last: Progress,
  outcome: Exclude<Outcome, { kind: 'abandoned' }>,
  at: number,
): Change {
  const before = progressChange(current, last)
  const { status = current.document, log = [] } = before
  const change = changeOf(worker, { ...current, document: status }, outcome, at)
  return { ...before, ...change, log: [...log, ...(change.log ?? [])] }
}

/** Nudges the worker at `time` (milliseconds since 1970), if that is before its next poll. */
export function nudgeAt(worker: WorkerContext, time: number): void {
  const left = time - worker.now()
  if (left < worker.timing.poll) nudgeIn(worker, Math.max(left, 0))
}

/** Nudges the worker after a number of milliseconds. */
export function nudgeIn(worker: WorkerContext, milliseconds: number): void {
  setTimeout(worker.nudge, milliseconds + 5).unref()
}

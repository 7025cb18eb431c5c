import type { LivingAction } from '../action/lifecycle.ts'
import { type ActionDetails, toDetails } from '../documents/action-status.ts'
import type { RunContext } from '../provider/run-context.ts'
import type { StoredAction } from '../store/action-store.ts'
import { UnknownKey } from './encryption.ts'
import { type AttemptState, openState } from './sealed-state.ts'
import { type Attempt, isOverdue, type WorkerContext } from './worker-context.ts'

/** The result of a call that started or polled remote work which continues. */
export class StillRunning {
  readonly found: { details?: ActionDetails; displayStatus?: string }

  constructor(found: { details?: ActionDetails; displayStatus?: string }) {
    this.found = found
  }
}

/** The result of a call that canceled remote work, or found that none was started. */
export const REMOTELY_CANCELED = Symbol('remotely canceled')

/** How long cancellation of remote work is tried, in milliseconds, before the action ends anyway. */
export const REMOTE_CANCEL_TIMEOUT = 3_600_000

/** The fields of an action that decide whether its work must end. */
type Limits = Pick<LivingAction, 'cancel_requested_at' | 'deadline_at'>

/** Whether the work of an action must end: the action was canceled, or its deadline has passed. */
export function mustEnd(worker: WorkerContext, action: Limits): boolean {
  return action.cancel_requested_at !== undefined || isOverdue(worker, action)
}

/**
 * When the next poll is due: no later than the deadline, because the work must then be canceled. All times
 * are milliseconds since 1970.
 */
export function nextPoll(action: Limits, dueAt: number, now: number): number {
  const { deadline_at = Number.POSITIVE_INFINITY } = action
  return deadline_at > now ? Math.min(dueAt, deadline_at) : dueAt
}

/** The minimum time between two polls of an action, in milliseconds. */
export function pollInterval({ options }: WorkerContext): number {
  return options.pollInterval
}

/**
 * Makes one call to the other system: starts the work, polls it, or cancels it.
 * @returns the details of complete work, a StillRunning, or REMOTELY_CANCELED
 * @throws UnknownKey, and any error of the author's functions
 */
export async function callRemote(
  worker: WorkerContext,
  attempt: Attempt,
  action: StoredAction,
  context: RunContext<unknown>,
  state: AttemptState,
): Promise<unknown> {
  const { work } = worker.provider
  if (work.kind !== 'remote') throw new TypeError('This provider has no remote work')
  const { start, poll, cancel } = work.remote
  attempt.canceling = mustEnd(worker, action)
  attempt.calledAt = performance.now()
  const known = state.value.remote
  const withHandle = { ...context, handle: known?.handle } as never
  if (attempt.canceling) {
    if (known) await cancel?.(withHandle)
    return REMOTELY_CANCELED
  }
  const saveHandle = async (handle: unknown): Promise<void> =>
    state.save({ ...state.value, remote: { handle, polled_at: worker.now() } })
  if (known === undefined) {
    await saveHandle((await start(context as never)) ?? null)
    return new StillRunning({})
  }
  const found = await poll(withHandle)
  if ('done' in found) return found.done
  await saveHandle(known.handle)
  return new StillRunning({
    ...(found.progress !== undefined && { details: toDetails(found.progress) }),
    ...(found.displayStatus !== undefined && { displayStatus: found.displayStatus }),
  })
}

/**
 * Makes the next poll due now, unless the last poll was within the poll interval. All requests share the
 * action's only job, so that many requests on many instances cause one poll.
 * @returns whether the poll was made due
 */
export async function requestPoll(worker: WorkerContext, action: StoredAction): Promise<boolean> {
  const { store, namespace, now } = worker
  if (action.status !== 'ACTIVE' || action.runs_on !== undefined) return false
  const sealed = await store.getSecret(namespace, action.action_id)
  const polledAt = lastPolledAt(worker, action.action_id, sealed)
  if (polledAt === undefined || now() - polledAt < pollInterval(worker)) return false
  const after = await store.transition(namespace, action.action_id, (current) =>
    current.version === action.version ? { job: { due_at: now() } } : undefined,
  )
  return after !== undefined && after.version > action.version
}

/**
 * When the work was last polled, in milliseconds since 1970; `undefined` if it has not started, or if this
 * instance cannot open the sealed state.
 */
function lastPolledAt(
  worker: WorkerContext,
  actionId: string,
  sealed: Uint8Array | undefined,
): number | undefined {
  try {
    return openState(worker, actionId, sealed).remote?.polled_at
  } catch (error) {
    if (error instanceof UnknownKey) return undefined
    throw error
  }
}

import type { LivingAction } from '../action/lifecycle.ts'
import type { ActionDetails } from '../documents/action-status.ts'
import type { RunContext } from '../provider/run-context.ts'
import type { StoredAction } from '../store/action-store.ts'
import type { Attempt } from './attempt.ts'
import { toDetails } from './details.ts'
import { UnknownKey } from './encryption.ts'
import { openState, type StateKeeper } from './sealed-state.ts'
import { isOverdue, type WorkerContext } from './worker-context.ts'

/** Work in another system was started or asked about, and goes on. */
export class Visited {
  readonly found: { details?: ActionDetails; displayStatus?: string }

  constructor(found: { details?: ActionDetails; displayStatus?: string }) {
    this.found = found
  }
}

/** The other system was told that its work must end, or there was nothing to tell. */
export const TOLD = Symbol('told')

/** For how long the other system is tried to be told that its work must end, in milliseconds, before the action ends without. */
export const TELLING = 3_600_000

/** Whether the work of an action must end: somebody canceled it, or its deadline has passed. */
export function mustEnd(worker: WorkerContext, action: LivingAction): boolean {
  return action.cancel_requested_at !== undefined || isOverdue(worker, action)
}

/** When the next visit is due: at the deadline at the latest, so that the other system is told then. */
export function nextVisit(action: LivingAction, dueAt: number, now: number): number {
  const { deadline_at = Number.POSITIVE_INFINITY } = action
  return deadline_at > now ? Math.min(dueAt, deadline_at) : dueAt
}

/** The least time between two polls of one action, in milliseconds. */
export function pollInterval({ provider: { work } }: WorkerContext): number {
  return work.kind === 'remote' ? (work.remote.pollInterval ?? 5_000) : 0
}

/**
 * One visit to the other system: starts the work there, asks how it is, or tells it to stop. Returns the details of
 * complete work, Visited, or TOLD.
 * @throws UnknownKey, and whatever the author's functions throw
 */
export async function visit(
  worker: WorkerContext,
  attempt: Attempt,
  action: StoredAction,
  context: RunContext<unknown>,
  keeper: StateKeeper,
): Promise<unknown> {
  const { work } = worker.provider
  if (work.kind !== 'remote') throw new TypeError('Only work in another system is visited')
  const { start, poll, cancel } = work.remote
  attempt.telling = mustEnd(worker, action)
  attempt.begunAt = performance.now()
  const known = keeper.content.remote
  const withHandle = { ...context, handle: known?.handle } as never
  if (attempt.telling) {
    if (known) await cancel?.(withHandle)
    return TOLD
  }
  const visited = async (handle: unknown): Promise<void> =>
    keeper.save({ ...keeper.content, remote: { handle, polled_at: worker.now() } })
  if (known === undefined) {
    await visited((await start(context as never)) ?? null)
    return new Visited({})
  }
  const found = await poll(withHandle)
  if ('done' in found) return found.done
  await visited(known.handle)
  return new Visited({
    ...(found.progress !== undefined && { details: toDetails(found.progress) }),
    ...(found.displayStatus !== undefined && { displayStatus: found.displayStatus }),
  })
}

/**
 * Makes the next visit due now, where the last one is longer ago than the poll interval. However many ask at once, on
 * however many instances, there is one job and so one visit.
 * @returns whether a visit was made due
 */
export async function requestVisit(worker: WorkerContext, action: StoredAction): Promise<boolean> {
  const { store, namespace, now } = worker
  if (action.status !== 'ACTIVE' || action.runs_on !== undefined) return false
  const sealed = await store.getSecret(namespace, action.action_id)
  const polledAt = lastPoll(worker, action.action_id, sealed)
  if (polledAt === undefined || now() - polledAt < pollInterval(worker)) return false
  const after = await store.transition(namespace, action.action_id, (current) =>
    current.version === action.version ? { job: { due_at: now() } } : undefined,
  )
  return after !== undefined && after.version > action.version
}

/** When the other system was last asked; `undefined` where it has not begun, and where only another instance can read when. */
function lastPoll(
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

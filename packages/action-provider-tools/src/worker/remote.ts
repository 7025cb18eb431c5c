import type { ActionDetails } from '../documents/action-status.ts'
import { WorkInterrupted } from '../errors.ts'
import type { RunContext } from '../provider/run-context.ts'
import type { StoredAction } from '../store/action-store.ts'
import { toDetails } from './details.ts'
import { openState, type StateKeeper } from './sealed-state.ts'
import { isOverdue, type WorkerContext } from './worker-context.ts'

/** Work in another system was started or asked about, and goes on. */
export class Visited {
  readonly found: { details?: ActionDetails; displayStatus?: string }

  constructor(found: { details?: ActionDetails; displayStatus?: string }) {
    this.found = found
  }
}

/** The least time between two polls of one action, in milliseconds. */
export function pollInterval({ provider: { work } }: WorkerContext): number {
  return work.kind === 'remote' ? (work.remote.pollInterval ?? 5_000) : 0
}

/**
 * One visit to the other system: starts the work there, asks how it is, or tells it to stop. Returns the details of
 * complete work, or Visited.
 * @throws WorkInterrupted once work that must end was told so, and whatever the author's functions throw
 */
export async function visit(
  worker: WorkerContext,
  action: StoredAction,
  context: RunContext<unknown>,
  keeper: StateKeeper,
): Promise<unknown> {
  const { work } = worker.provider
  if (work.kind !== 'remote') throw new TypeError('Only work in another system is visited')
  const { start, poll, cancel } = work.remote
  const known = keeper.content.remote
  const withHandle = { ...context, handle: known?.handle } as never
  const canceled = action.cancel_requested_at !== undefined
  if (canceled || isOverdue(worker, action)) {
    if (known) await cancel?.(withHandle)
    throw new WorkInterrupted(canceled ? 'canceled' : 'deadline')
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
  const { remote } = openState(worker, action.action_id, sealed)
  if (remote === undefined || now() - remote.polled_at < pollInterval(worker)) return false
  const after = await store.transition(namespace, action.action_id, (current) =>
    current.version === action.version ? { job: { due_at: now() } } : undefined,
  )
  return after !== undefined && after.version > action.version
}

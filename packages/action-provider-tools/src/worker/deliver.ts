import { createHash } from 'node:crypto'
import type { SealedEvent } from '../action/action.ts'
import * as lifecycle from '../action/lifecycle.ts'
import { isComplete } from '../documents/action-status.ts'
import { canonicalJson } from '../documents/json.ts'
import { ActionConflict, ActionNotFound, RequestValidationError } from '../errors.ts'
import { compileInput } from '../input/compile-input.ts'
import type { CompiledInput } from '../input/input-schema.ts'
import type { Change, CurrentAction, StoredAction, StoredWork } from '../store/action-store.ts'
import { assertEventName, type Entry } from './journal.ts'
import { logEntry } from './progress-buffer.ts'
import type { WorkerContext } from './worker-context.ts'

/** An event on its way to an action. */
export type Delivery = {
  actionId: string
  event: string
  value: unknown
  /**
   * What makes a repetition of it the same: the sender's key, the use of a signed URL, or else its content.
   */
  same: readonly string[]
  /** Whether it may come once only, and never with another value. */
  once?: boolean
  /** Who sends it, in words. */
  by: string
}

/**
 * Lets an event reach an action. It is kept until the work asks for it; work that is suspended and waits for
 * it runs again.
 * @throws RequestValidationError where the work waits for another value, ActionConflict where the action is
 * complete or the event may not come again, ActionNotFound
 */
export async function deliver(worker: WorkerContext, sent: Delivery): Promise<StoredAction> {
  const { store, namespace } = worker
  const { actionId, event, value } = sent
  assertEventName(event)
  const work = await store.getWork(namespace, actionId)
  const delivery = createHash('sha256').update(JSON.stringify(sent.same)).digest()
  const known = work?.events.find((each) => each.event === event && delivery.equals(each.delivery))
  const before = await store.get(namespace, actionId)
  if (before === undefined) throw new ActionNotFound()
  if (isComplete(before.status)) throw complete(before.status)
  if (known) {
    const same = canonicalJson(openEvent(worker, actionId, known)) === canonicalJson(value)
    if (sent.once && !same) throw new ActionConflict('This URL has been used with another value')
    return before
  }
  const schema = awaited(worker, actionId, event, work)
  if (schema) await assertFits(schema, value)
  const sealed = worker.secrets.seal(namespace, actionId, { event, value })
  const after = await change(worker, actionId, (current) => ({
    ...(schema && woken(worker, current)),
    events: [{ event, delivery, sealed }],
    ...(worker.provider.description.log_supported && {
      log: [logEntry(worker.now(), 'Event', `The event '${event}' came from ${sent.by}`, { event })],
    }),
  }))
  if (schema || after.runs_on !== undefined) return after
  // The work may have begun to wait meanwhile, and not have seen it.
  const now = await store.getWork(namespace, actionId)
  if (!awaited(worker, actionId, event, now)) return after
  return change(worker, actionId, (current) => woken(worker, current))
}

/** What an event brought. */
export function openEvent(
  { secrets, namespace }: WorkerContext,
  actionId: string,
  { event, sealed }: SealedEvent,
): unknown {
  const opened = secrets.open(namespace, actionId, sealed) as { event: string; value: unknown }
  if (opened.event !== event) throw new Error(`What is kept of the event '${event}' is of another`)
  return opened.value
}

async function change(
  { store, namespace }: WorkerContext,
  actionId: string,
  decide: (current: CurrentAction) => Change | undefined,
): Promise<StoredAction> {
  const action = await store.transition(namespace, actionId, (current) => {
    if (isComplete(current.status)) throw complete(current.status)
    return decide(current)
  })
  if (action === undefined) throw new ActionNotFound()
  return action
}

function complete(status: string): ActionConflict {
  return new ActionConflict(`This action is ${status}: no event can reach it any more`)
}

/** Makes suspended work due; work that runs finds the event by itself. */
function woken({ now }: WorkerContext, current: CurrentAction): Change | undefined {
  return current.runs_on === undefined ? lifecycle.wake(current, now()) : undefined
}

/**
 * What the work waits for under a name; `undefined` where it does not wait, as far as this instance can read.
 */
function awaited(
  { secrets, namespace }: WorkerContext,
  actionId: string,
  event: string,
  work: StoredWork | undefined,
): CompiledInput<unknown> | undefined {
  for (const { name, sealed } of work?.steps ?? []) {
    if (name !== event && !name.startsWith(`${event}#`)) continue
    const entry = secrets.open(namespace, actionId, sealed) as Entry
    if (entry.kind === 'wait') return compileInput(entry.schema) as CompiledInput<unknown>
  }
  return undefined
}

async function assertFits(schema: CompiledInput<unknown>, value: unknown): Promise<void> {
  const checked = await schema.validate(value)
  if (!checked.ok) throw new RequestValidationError(checked.errors.join('; '))
}

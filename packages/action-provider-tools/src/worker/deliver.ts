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
   * Identifies repetitions: by the sender's Idempotency-Key, the use of a signed URL, or else the content.
   */
  deduplicationKey: readonly string[]
  /** Whether a repetition with another value is refused. */
  once?: boolean
  /** The sender, for the action's log. */
  sender: string
}

/**
 * Delivers an event to an action. The store keeps it until the work asks for it. If the work is suspended and
 * waits for this event, its job becomes due.
 * @throws RequestValidationError if the value does not fit the schema of the wait
 * @throws ActionConflict if the action is complete, or a callback URL was used with another value
 * @throws ActionNotFound
 */
export async function deliver(worker: WorkerContext, sent: Delivery): Promise<StoredAction> {
  const { store, namespace } = worker
  const { actionId, event, value } = sent
  assertEventName(event)
  const work = await store.getWork(namespace, actionId)
  const delivery = createHash('sha256').update(JSON.stringify(sent.deduplicationKey)).digest()
  const repeated = work?.events.find((each) => each.event === event && delivery.equals(each.delivery))
  const before = await store.get(namespace, actionId)
  if (before === undefined) throw new ActionNotFound()
  if (isComplete(before.status)) throw completeError(before.status)
  if (repeated) {
    const isSameValue = canonicalJson(openEvent(worker, actionId, repeated)) === canonicalJson(value)
    if (sent.once && !isSameValue) throw new ActionConflict('This URL has been used with another value')
    return before
  }
  const schema = schemaOfWait(worker, actionId, event, work)
  if (schema) await assertFits(schema, value)
  const sealed = worker.secrets.seal(namespace, actionId, { event, value })
  const after = await change(worker, actionId, (current) => ({
    ...(schema && wakeIfSuspended(worker, current)),
    events: [{ event, delivery, sealed }],
    ...(worker.provider.description.log_supported && {
      log: [logEntry(worker.now(), 'Event', `The event '${event}' came from ${sent.sender}`, { event })],
    }),
  }))
  if (schema || after.runs_on !== undefined) return after
  // The work may have begun to wait in the meantime, without having seen the event.
  const newerWork = await store.getWork(namespace, actionId)
  if (!schemaOfWait(worker, actionId, event, newerWork)) return after
  return change(worker, actionId, (current) => wakeIfSuspended(worker, current))
}

/**
 * The value of an event.
 * @throws UnknownKey
 */
export function openEvent(
  { secrets, namespace }: WorkerContext,
  actionId: string,
  { event, sealed }: SealedEvent,
): unknown {
  const opened = secrets.open(namespace, actionId, sealed) as { event: string; value: unknown }
  if (opened.event !== event)
    throw new Error(`The sealed event '${event}' has another name: '${opened.event}'`)
  return opened.value
}

async function change(
  { store, namespace }: WorkerContext,
  actionId: string,
  decide: (current: CurrentAction) => Change | undefined,
): Promise<StoredAction> {
  const action = await store.transition(namespace, actionId, (current) => {
    if (isComplete(current.status)) throw completeError(current.status)
    return decide(current)
  })
  if (action === undefined) throw new ActionNotFound()
  return action
}

function completeError(status: string): ActionConflict {
  return new ActionConflict(`This action is ${status}: it takes no more events`)
}

/**
 * The change that makes suspended work due; `undefined` for running work, which finds the event by itself.
 */
function wakeIfSuspended({ now }: WorkerContext, current: CurrentAction): Change | undefined {
  return current.runs_on === undefined ? lifecycle.wake(current, now()) : undefined
}

/**
 * The schema of the wait for an event; `undefined` if the work does not wait for it.
 * @throws UnknownKey
 */
function schemaOfWait(
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

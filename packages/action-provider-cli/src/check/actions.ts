import { type Document, isComplete, isStatus } from '../client/documents.ts'
import { Skip } from './outcome.ts'
import type { RunRequest, Subject, Who } from './subject.ts'
import type { Answer } from './wire.ts'

/** An action that these checks started. */
export type Action = { id: string; request: RunRequest; document: Document; answer: Answer }

/** How long an action may take to end after cancel, in milliseconds. */
const CANCEL = 10_000

/** Starts an action. @throws Skip if that fails: `run.starts` reports it */
export async function start(
  subject: Subject,
  more: Record<string, unknown> = {},
  as: Who = 'caller',
): Promise<Action> {
  const request = subject.fresh(more)
  return startedBy({
    request,
    answer: await subject.send({ method: 'POST', path: '/run', json: request, as }),
  })
}

/** @throws Skip if no action was started */
function startedBy({ request, answer }: { request: RunRequest; answer: Answer }): Action {
  const id = startedId(answer)
  if (id === undefined)
    throw new Skip(`no action was started, as run answered ${answer.status}: see run.starts`)
  return { id, request, document: answer.json as Document, answer }
}

/** The id of the action that a request started. */
export function startedId({ status, json }: Answer): string | undefined {
  return status === 202 && isStatus(json) && typeof json.action_id === 'string' ? json.action_id : undefined
}

/** The run that most checks continue from: its request and its answer. */
export async function firstRun(subject: Subject): Promise<{ request: RunRequest; answer: Answer }> {
  const request = subject.fresh()
  return { request, answer: await subject.send({ method: 'POST', path: '/run', json: request }) }
}

/** The first action, complete. */
export async function firstAction(subject: Subject): Promise<Action> {
  return completed(subject, startedBy(await subject.shared(firstRun)))
}

/** An action that has a monitor and a manager: the other caller, or an invented principal without one. */
export async function sharedAction(subject: Subject): Promise<Action & { others: string[] }> {
  const other = await subject.shared(otherPrincipal).catch((error: unknown) => {
    if (error instanceof Skip) return undefined
    throw error
  })
  const others = [other ?? nobodys('1'), nobodys('2')]
  return { ...(await start(subject, { monitor_by: others, release_after: 3_600 })), others }
}

/** An action of the other caller. */
export async function otherAction(subject: Subject): Promise<Action> {
  if (!subject.hasOther) throw new Skip('there is no other caller: give --as-other-token-file')
  return start(subject, {}, 'other')
}

/** The identity of the other caller. @throws Skip if it is the first caller */
export async function otherPrincipal(subject: Subject): Promise<string> {
  const { creator_id: other } = (await subject.shared(otherAction)).document
  const { creator_id: caller } = (await subject.shared(firstAction)).document
  if (other === caller) throw new Skip('both tokens are of one identity: give one of somebody else')
  return String(other)
}

/** A principal that belongs to nobody. */
export function nobodys(digit: string): string {
  return `urn:globus:auth:identity:00000000-0000-4000-8000-${digit.padStart(12, '0')}`
}

/**
 * Waits until an action is complete, and cancels it if that takes long. @throws Skip if it does not end even
 * then
 */
export async function completed(subject: Subject, action: Action, as: Who = 'caller'): Promise<Action> {
  const first = await awaited(subject, action, as, subject.patience)
  if (isComplete(first.document)) return first
  await subject.send({ method: 'POST', path: `/${action.id}/cancel`, as })
  const canceled = await awaited(subject, action, as, CANCEL)
  if (isComplete(canceled.document)) return canceled
  throw new Skip('an action does not complete, not even when it is canceled')
}

/** The action when it is complete, or after some time. */
async function awaited(subject: Subject, action: Action, as: Who, patience: number): Promise<Action> {
  let { document } = action
  const end = performance.now() + patience
  for (let pause = 50; !isComplete(document) && performance.now() < end; pause = Math.min(1_000, pause * 2)) {
    await subject.wait(pause)
    const { json } = await subject.send({ path: `/${action.id}/status`, as })
    if (isStatus(json)) document = json
  }
  return { ...action, document }
}

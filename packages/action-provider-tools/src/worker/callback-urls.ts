import { InvalidDefinition } from '../errors.ts'
import { assertEventName } from './journal.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

/**
 * Returns a function that makes callback URLs. Whoever has such a URL may send the event once. Each use of an
 * event name in a run has its own URL, which is the same when the work runs again.
 * @throws InvalidDefinition if `publicUrl` is not set
 */
export function createCallbackUrls(worker: WorkerContext, { actionId }: Attempt): (event: string) => string {
  const used = new Map<string, number>()
  return (event) => {
    assertEventName(event)
    if (worker.publicUrl === undefined) {
      throw new InvalidDefinition(
        'A callback URL needs the address under which others reach this provider: set PUBLIC_URL, or the option publicUrl',
      )
    }
    const use = (used.get(event) ?? 0) + 1
    used.set(event, use)
    const signature = worker.secrets.sign(signedContent(worker, actionId, event, use))
    return `${worker.publicUrl}/actions/${actionId}/events/${event}?use=${use}&signature=${signature}`
  }
}

/** Whether a signature was made for this event and use of an action, with any of the keys. */
export function isCallback(
  worker: WorkerContext,
  actionId: string,
  event: string,
  { use, signature }: { use: number; signature: string },
): boolean {
  return worker.secrets.isSigned(signedContent(worker, actionId, event, use), signature)
}

function signedContent({ namespace }: WorkerContext, actionId: string, event: string, use: number): string {
  return JSON.stringify([namespace, actionId, event, use])
}

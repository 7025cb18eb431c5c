import { InvalidDefinition } from '../errors.ts'
import { assertEventName } from './journal.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

/**
 * Gives URLs by which whoever holds one may send an event, once. Each use of an event in a run has a URL of
 * its own, the same whenever the work runs again.
 * @throws InvalidDefinition where the provider does not know its URL for the outside world
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
    const signature = worker.secrets.sign(signed(worker, actionId, event, use))
    return `${worker.publicUrl}/actions/${actionId}/events/${event}?use=${use}&signature=${signature}`
  }
}

/** Whether a signature is that of a URL for an event, under any of the keys. */
export function isCallback(
  worker: WorkerContext,
  actionId: string,
  event: string,
  { use, signature }: { use: number; signature: string },
): boolean {
  return worker.secrets.isSigned(signed(worker, actionId, event, use), signature)
}

function signed({ namespace }: WorkerContext, actionId: string, event: string, use: number): string {
  return JSON.stringify([namespace, actionId, event, use])
}

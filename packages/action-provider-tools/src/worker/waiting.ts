import type { StoredAction } from '../store/action-store.ts'
import type { WorkerContext } from './worker-context.ts'

/** Lets requests wait for what becomes of an action. */
export type Waiting = {
  /** Resolves with the action once it is ready, once the time is over (milliseconds), when `signal` aborts, or when this instance stops. */
  until: (
    actionId: string,
    timeout: number,
    ready: (action: StoredAction | undefined) => boolean,
    signal?: AbortSignal,
  ) => Promise<StoredAction | undefined>
  /** Says that something happened to an action here, so that nobody waits longer than needed. */
  wake: (actionId: string) => void
}

export function createWaiting(worker: WorkerContext): Waiting {
  const { store, namespace } = worker
  const sleepers = new Map<string, Set<() => void>>()

  async function sleepUntilWoken(
    actionId: string,
    milliseconds: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const those = sleepers.get(actionId) ?? new Set()
    sleepers.set(actionId, those.add(resolve))
    const timer = setTimeout(resolve, milliseconds)
    const wake = (): void => resolve()
    signal?.addEventListener('abort', wake)
    await promise
    signal?.removeEventListener('abort', wake)
    clearTimeout(timer)
    those.delete(resolve)
    if (those.size === 0) sleepers.delete(actionId)
  }

  return {
    async until(actionId, timeout, ready, signal) {
      const end = performance.now() + timeout
      // What happens here wakes at once; what happens on another instance is seen by looking.
      for (let wait = 25; ; wait = Math.min(wait * 2, 500)) {
        const action = await store.get(namespace, actionId)
        const left = end - performance.now()
        if (ready(action) || left <= 0 || signal?.aborted || worker.state === 'stopped') return action
        await sleepUntilWoken(actionId, Math.min(wait, left), signal)
      }
    },
    wake(actionId) {
      for (const resolve of sleepers.get(actionId) ?? []) resolve()
    },
  }
}

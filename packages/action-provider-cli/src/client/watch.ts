import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionStatus } from 'action-provider-tools/client'
import { CommandError, exitCodes, unavailableError } from '../errors.ts'
import { actionStatus, isComplete, readStatus, summary } from './action.ts'
import { nextWait, type Pace } from './backoff.ts'
import { asksForPatience, retryAfter } from './http.ts'
import { isPassing, type Provider } from './provider.ts'
import { actionPath } from './provider-url.ts'

/** How long to wait between two looks: short at first, as most actions are, and ever longer. */
export const pace: Pace = { first: 1_000, growth: 1.25, longest: 30_000 }

/** A provider that has not answered for so long is given up. */
const PATIENCE = 15 * 60_000

/** What a watch is told, and tells. */
export type WatchOptions = {
  /** Ends the watch, and leaves the action alone: its reason is thrown. */
  signal: AbortSignal
  /** The action's status where that is known already. */
  known?: ActionStatus | undefined
  /** What is done on each look, before the status is shown. */
  onLook?: (() => Promise<void>) | undefined
  /** Is told what keeps the watch from seeing the action. */
  say: (message: string) => void
  /** Is told how the action is, on each look. */
  progress: (text: string) => void
  /** What somebody can do who still wants to see the action when this gives up. */
  back: string
}

/**
 * Follows an action until it is complete, or waits for its caller (INACTIVE). A lost network, and a provider that asks
 * for patience, only slow it down.
 */
export async function watchAction(
  provider: Provider,
  actionId: string,
  { signal, known, onLook, say, progress, back }: WatchOptions,
): Promise<ActionStatus> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([follow(), aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }

  async function follow(): Promise<ActionStatus> {
    let heard = Date.now()
    let status = known ?? (await firstLook())
    for (let wait = nextWait(undefined, pace); ; wait = nextWait(wait, pace)) {
      progress(summary(status))
      if (isComplete(status) || status.status === 'INACTIVE') return status
      await sleep(wait, undefined, { signal })
      const looked = await look()
      if ('status' in looked) {
        status = looked.status
        heard = Date.now()
        continue
      }
      if (Date.now() - heard > PATIENCE) {
        throw unavailableError(`${looked.reason}. Given up; the action goes on. Come back with: ${back}`)
      }
      const pause = looked.pause ?? 0
      say(`${looked.reason}; looking again in ${Math.ceil((nextWait(wait, pace) + pause) / 1000)} s`)
      await sleep(pause, undefined, { signal })
    }
  }

  /** A provider that was never there is not one that was lost: what goes wrong here ends the watch. */
  async function firstLook(): Promise<ActionStatus> {
    const status = await actionStatus(provider, actionId)
    await onLook?.()
    return status
  }

  async function look(): Promise<{ status: ActionStatus } | { reason: string; pause?: number | undefined }> {
    try {
      const answer = await provider.ask({ path: actionPath(actionId, 'status') })
      if (asksForPatience(answer)) {
        return { reason: `The provider asks for patience (${answer.status})`, pause: retryAfter(answer) }
      }
      if (answer.status !== 200) throw provider.refusal(answer)
      const status = readStatus(answer.json, provider)
      await onLook?.()
      return { status }
    } catch (error) {
      const failing = error instanceof CommandError && error.exitCode === exitCodes.unavailable
      if (failing || isPassing(error)) return { reason: error.message }
      throw error
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { ActionStatus } from 'action-provider-tools/client'
import { CommandError, exitCodes, unavailableError } from '../errors.ts'
import type { Terminal } from '../output/terminal.ts'
import { actionStatus, isComplete, readStatus, summary } from './action.ts'
import { type HttpAnswer, retryAfter } from './http.ts'
import { isPassing, type Provider } from './provider.ts'
import { actionPath, shellWord, urlOption } from './provider-url.ts'

/** How long to wait between two looks: short at first, as most actions are, and ever longer. All in milliseconds. */
export const pace = { first: 1_000, growth: 1.25, longest: 30_000 } as const

/** A provider that has not answered for so long is given up. */
const PATIENCE = 15 * 60_000

/** What is done on each look at an action, before its status is shown. */
export type OnLook = () => Promise<void>

/**
 * Follows an action until it is complete, or waits for its caller (INACTIVE). A lost network, and a provider that asks
 * for patience, only slow it down; Ctrl-C ends it, and leaves the action alone.
 *
 * @param known its status where that is known already
 * @throws CommandError, with the exit code of Ctrl-C for that
 */
export async function watchAction(
  provider: Provider,
  terminal: Terminal,
  actionId: string,
  { known, onLook }: { known?: ActionStatus; onLook?: OnLook } = {},
): Promise<ActionStatus> {
  const stop = new AbortController()
  const interrupted = Promise.withResolvers<never>()
  const back = `action-provider status ${shellWord(actionId)} ${urlOption(provider.url)} --watch`
  const onInterrupt = (): void => {
    interrupted.reject(
      new CommandError(
        exitCodes.interrupted,
        `No longer watching; the action goes on. Come back with: ${back}`,
      ),
    )
    stop.abort()
  }
  process.once('SIGINT', onInterrupt)
  try {
    return await Promise.race([follow(stop.signal), interrupted.promise])
  } finally {
    process.off('SIGINT', onInterrupt)
    terminal.endProgress()
  }

  async function follow(signal: AbortSignal): Promise<ActionStatus> {
    const started = Date.now()
    let heard = started
    let status = known ?? (await firstLook())
    for (let wait: number = pace.first; ; wait = nextWait(wait)) {
      terminal.progress(terminal.interactive ? `${summary(status)}  (${elapsed(started)})` : summary(status))
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
      terminal.say(`${looked.reason}; looking again in ${Math.ceil((nextWait(wait) + pause) / 1000)} s`)
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

/** @example nextWait(1_000) // 1_250 */
export function nextWait(wait: number): number {
  return Math.min(pace.longest, wait * pace.growth)
}

/** Whether a provider, or what stands before it, only wants to be asked later. */
export function asksForPatience({ status }: Pick<HttpAnswer, 'status'>): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504
}

/** The status of an action, once or followed. */
export async function statusOf(
  provider: Provider,
  terminal: Terminal,
  actionId: string,
  watch: boolean,
): Promise<ActionStatus> {
  return watch ? watchAction(provider, terminal, actionId) : actionStatus(provider, actionId)
}

function elapsed(started: number): string {
  const seconds = Math.round((Date.now() - started) / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

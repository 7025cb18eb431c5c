import { setTimeout as sleep } from 'node:timers/promises'
import type { Terminal } from '../output/terminal.ts'
import { type HttpAnswer, retryAfter } from './http.ts'
import { isPassing } from './provider.ts'
import { asksForPatience } from './watch.ts'

/** Milliseconds before each repetition. */
const WAITS = [1_000, 2_000, 4_000, 8_000, 15_000]
const LONGEST = 60_000

/**
 * Sends a request that may safely arrive twice, again while the network or the provider only fails for now.
 * The last failure is thrown, the last answer given.
 */
export async function repeated(terminal: Terminal, send: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  for (const wait of WAITS) {
    const outcome = await attempt(send)
    if ('answer' in outcome && !asksForPatience(outcome.answer)) return outcome.answer
    const asked = 'answer' in outcome ? retryAfter(outcome.answer) : undefined
    if (asked !== undefined && asked > LONGEST && 'answer' in outcome) return outcome.answer
    const reason =
      'answer' in outcome ? `The provider asks for patience (${outcome.answer.status})` : outcome.reason
    const pause = Math.max(wait, asked ?? 0)
    terminal.say(`${reason}; sending the same request again in ${Math.ceil(pause / 1000)} s`)
    await sleep(pause)
  }
  return send()
}

async function attempt(
  send: () => Promise<HttpAnswer>,
): Promise<{ answer: HttpAnswer } | { reason: string }> {
  try {
    return { answer: await send() }
  } catch (error) {
    if (isPassing(error)) return { reason: error.message }
    throw error
  }
}

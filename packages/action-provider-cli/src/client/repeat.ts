import { setTimeout as sleep } from 'node:timers/promises'
import { nextWait, type Pace } from './backoff.ts'
import { asksForPatience, type HttpAnswer, retryAfter } from './http.ts'
import { isPassing } from './provider.ts'

const pace: Pace = { first: 1_000, growth: 2, longest: 15_000 }
const REPETITIONS = 5
/** A provider that asks for more patience than this is taken at its word, and its answer given. */
const LONGEST = 60_000

/**
 * Sends a request that may safely arrive twice, again while the network or the provider only fails for now.
 * The last failure is thrown, the last answer given.
 *
 * @param say is told of each repetition
 */
export async function repeated(
  say: (message: string) => void,
  send: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  let wait: number | undefined
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const outcome = await attempt(send)
    if ('answer' in outcome && !asksForPatience(outcome.answer)) return outcome.answer
    const asked = 'answer' in outcome ? retryAfter(outcome.answer) : undefined
    if (asked !== undefined && asked > LONGEST && 'answer' in outcome) return outcome.answer
    const reason =
      'answer' in outcome ? `The provider asks for patience (${outcome.answer.status})` : outcome.reason
    wait = nextWait(wait, pace)
    const pause = Math.max(wait, asked ?? 0)
    say(`${reason}; sending the same request again in ${Math.ceil(pause / 1000)} s`)
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

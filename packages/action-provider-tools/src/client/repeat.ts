import { backoff } from '../retry.ts'
import { type Answer, retryAfter } from './failure.ts'
import { NetworkFailure } from './network-failure.ts'

/** How often and how long a request that fails for a passing reason is repeated. */
export type RetryOptions = {
  /** How often one request is sent at most (default 6). */
  limit?: number
  /** Milliseconds before the first repetition (default 1,000); doubled for each further one, with jitter. */
  backoff?: number
  /** The longest pause, in milliseconds (default 15,000). */
  maximumBackoff?: number
  /** The longest `Retry-After` to wait for, in milliseconds (default 60,000). */
  maximumRetryAfter?: number
  /**
   * How long `finished` and a followed log keep trying while a provider fails or is gone, in milliseconds
   * (default 15 minutes).
   */
  patience?: number
}

/** Options of every request. */
export type RequestOptions = {
  /** Aborts the request and its repetitions. */
  signal?: AbortSignal | undefined
  /** Options that replace those given to `connect`. */
  retry?: RetryOptions | undefined
}

/**
 * When to repeat a request. `always`: it may safely arrive twice. `refused`: only if the provider says that
 * it did not act. `patiently`: as `always`, until `patience` ends, for an action that is known to exist.
 */
export type Repeats = 'always' | 'refused' | 'patiently'

/** Called before a request is repeated. */
export type OnRetry = (event: { reason: string; wait: number }) => void

const refusals: ReadonlySet<number> = new Set([429, 503])
const gateways: ReadonlySet<number> = new Set([502, 504])

/**
 * Sends a request, and repeats it while the network or the provider fails for a passing reason.
 *
 * @returns the last answer; `doubtful` if an earlier attempt may have arrived too
 * @throws the last NetworkFailure; the signal's reason
 */
export async function repeated(
  send: () => Promise<Answer>,
  repeats: Repeats,
  {
    signal,
    retry = {},
    onRetry,
  }: { signal?: AbortSignal | undefined; retry?: RetryOptions | undefined; onRetry?: OnRetry | undefined },
): Promise<Answer & { doubtful: boolean }> {
  const { limit = 6, backoff: first = 1_000, maximumBackoff: most = 15_000, patience = 900_000 } = retry
  const patient = repeats === 'patiently'
  const longest = patient ? patience : (retry.maximumRetryAfter ?? 60_000)
  const started = Date.now()
  let doubtful = false
  for (let sent = 1; ; sent++) {
    const outcome = await attempt(send)
    const last = patient ? Date.now() - started >= patience : sent >= limit
    const asked = outcome.answer && retryAfter(outcome.answer)
    const passing = isPassing(outcome, repeats) && (asked ?? 0) <= longest
    if (last || !passing) {
      if (outcome.answer === undefined) throw outcome.error
      return { ...outcome.answer, doubtful }
    }
    doubtful ||= !refusals.has(outcome.answer?.status ?? 0)
    const wait = Math.max(backoff(sent, { first, most }), asked ?? 0)
    const reason = outcome.answer ? wording(outcome.answer) : outcome.error.message
    onRetry?.({ reason, wait })
    await sleep(wait, signal)
  }
}

/** @throws the signal's reason */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const done = (end: () => void) => (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      end()
    }
    const onAbort = done(() => reject(signal?.reason))
    const timer = setTimeout(done(resolve), milliseconds)
    signal?.addEventListener('abort', onAbort)
  })
}

function wording({ status }: Answer): string {
  return status === 500 ? 'The provider failed (500)' : `The provider is busy or not available (${status})`
}

type Outcome = { answer: Answer } | { answer?: undefined; error: NetworkFailure }

async function attempt(send: () => Promise<Answer>): Promise<Outcome> {
  try {
    return { answer: await send() }
  } catch (error) {
    if (error instanceof NetworkFailure) return { error }
    throw error
  }
}

function isPassing(outcome: Outcome, repeats: Repeats): boolean {
  if (outcome.answer === undefined) return repeats !== 'refused' && !outcome.error.lasting
  const { status } = outcome.answer
  if (refusals.has(status)) return true
  return (gateways.has(status) && repeats !== 'refused') || (status === 500 && repeats === 'patiently')
}

import type { Question } from './connection.ts'
import type { Status } from './documents.ts'
import { type RetryOptions, sleep } from './repeat.ts'

/** Options of any request. */
export type RequestOptions = {
  /** Aborts the request and its repetitions. */
  signal?: AbortSignal | undefined
  /** Overrides the retry options of `connect`. */
  retry?: RetryOptions | undefined
}

/** Options for reading page after page. */
export type PagesOptions = RequestOptions & {
  /** The most pages to read (default 10,000). If there are more, TooManyPages is thrown. */
  maximumPages?: number
}

/** How `finished` and a followed log wait. */
export type WaitOptions<Details> = RequestOptions & {
  /** Keep waiting while the action is INACTIVE, because somebody else may resume it (default false). */
  throughInactive?: boolean
  /** Called with the first status and with each change. */
  onProgress?: ((status: Status<Details>) => void) | undefined
}

/** Asks for the status of an action. `waited` is true if the provider held its answer for the end. */
export type Look<Details> = (question: Question) => Promise<{ status: Status<Details>; waited: boolean }>

/**
 * Pauses between two requests, in milliseconds: short at first, because most actions are short, then longer.
 */
export const pace = { first: 1_000, growth: 1.25, longest: 30_000 } as const

/** Seconds that a provider may hold an answer: shorter than the time-outs of common proxies. */
const HELD = 20

/**
 * Follows an action until it is complete, or INACTIVE. @throws the errors of the requests; the signal's
 * reason
 */
export async function finished<Details>(
  look: Look<Details>,
  known: Status<Details> | undefined,
  { signal, retry, onProgress, throughInactive = false }: WaitOptions<Details> = {},
): Promise<Status<Details>> {
  const changed = onChange(onProgress)
  if (known !== undefined) changed(known)
  let status = known
  let pause: number = pace.first
  while (status === undefined || !isOver(status, throughInactive)) {
    const asked = Date.now()
    const wait = status?.status === 'INACTIVE' ? undefined : HELD
    // Only a provider that has answered before is waited for.
    const looked = await look({ signal, retry, wait, repeats: status === undefined ? 'always' : 'patiently' })
    status = looked.status
    changed(status)
    if (isOver(status, throughInactive)) break
    // A provider that holds its answers is also asked after a pause, never in a tight loop.
    await sleep(looked.waited ? Math.max(0, pace.first - (Date.now() - asked)) : pause, signal)
    if (!looked.waited) pause = nextPause(pause)
  }
  return status
}

/** Reports a status if it differs from the last one. */
export function onChange<Details>(
  onProgress: WaitOptions<Details>['onProgress'],
): (status: Status<Details>) => void {
  let told = ''
  return (status) => {
    const text = JSON.stringify(status)
    if (text !== told) onProgress?.(status)
    told = text
  }
}

/** @example nextPause(1_000) // 1_250 */
export function nextPause(pause: number): number {
  return Math.min(pace.longest, pause * pace.growth)
}

/** Whether waiting is over. */
export function isOver({ status }: Pick<Status, 'status'>, throughInactive: boolean): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || (status === 'INACTIVE' && !throughInactive)
}

import type { Question } from './connection.ts'
import type { Status } from './documents.ts'
import { type RetryOptions, sleep } from './repeat.ts'

/** What any request may be given. */
export type RequestOptions = {
  /** Ends the request, and what is left of its repetitions. */
  signal?: AbortSignal | undefined
  /** What is other here than `connect` was told. */
  retry?: RetryOptions | undefined
}

/** What reading page after page may be given. */
export type PagesOptions = RequestOptions & {
  /** The most pages that are read (default 10,000): TooManyPages is thrown where there are more. */
  maximumPages?: number
}

/** How `finished` and a followed log wait. */
export type WaitOptions<Details> = RequestOptions & {
  /** Go on while the action is INACTIVE, since somebody else may resume it (default false). */
  throughInactive?: boolean
  /** Is told the status first, and whenever it is another. */
  onProgress?: ((status: Status<Details>) => void) | undefined
}

/** Asks for the status of an action; `waited` where the provider held its answer back for its end. */
export type Look<Details> = (question: Question) => Promise<{ status: Status<Details>; waited: boolean }>

/** How long to wait between two looks: short at first, as most actions are, and ever longer. All in milliseconds. */
export const pace = { first: 1_000, growth: 1.25, longest: 30_000 } as const

/** Seconds that a provider may hold an answer: less than what is between cuts off. */
const HELD = 20

/** Follows an action until it is complete, or INACTIVE. @throws what a look does; the signal's reason */
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
    // A provider that was never there is not one that was lost.
    const looked = await look({ signal, retry, wait, repeats: status === undefined ? 'always' : 'patiently' })
    status = looked.status
    changed(status)
    if (isOver(status, throughInactive)) break
    // Even one that holds its answers is not asked again and again at once.
    await sleep(looked.waited ? Math.max(0, pace.first - (Date.now() - asked)) : pause, signal)
    if (!looked.waited) pause = nextPause(pause)
  }
  return status
}

/** Tells of a status, but not twice of the same. */
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

/** Whether there is nothing more to wait for. */
export function isOver({ status }: Pick<Status, 'status'>, throughInactive: boolean): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || (status === 'INACTIVE' && !throughInactive)
}

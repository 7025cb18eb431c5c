import type { Status } from './documents.ts'
import type { RequestOptions } from './repeat.ts'
import { type FollowOptions, isOver, type Update } from './updates.ts'

/** How `finished` and a followed log wait. */
export type WaitOptions<Details> = RequestOptions & {
  /** Keep waiting while the action is INACTIVE, because somebody else may resume it (default false). */
  throughInactive?: boolean
  /** Called with the first status and with each change. */
  onProgress?: ((status: Status<Details>) => void) | undefined
}

/**
 * Follows an action until it is complete, or INACTIVE. @throws the errors of the requests; the signal's
 * reason
 */
export async function finished<Details>(
  updates: (options: FollowOptions) => AsyncIterable<Update<Details>>,
  known: Status<Details> | undefined,
  { signal, retry, onProgress, throughInactive = false }: WaitOptions<Details> = {},
): Promise<Status<Details>> {
  const changed = onChange(onProgress)
  if (known !== undefined) {
    changed(known)
    if (isOver(known, throughInactive)) return known
  }
  let last = known
  for await (const update of updates({ signal, retry, throughInactive, log: false })) {
    if (update.type !== 'status') continue
    last = update.status
    changed(last)
  }
  if (last === undefined) throw new TypeError('The updates of an action end with its status')
  return last
}

/** Reports a status if it differs from the last one. Returns whether it did. */
export function onChange<Details>(
  onProgress?: WaitOptions<Details>['onProgress'],
): (status: Status<Details>) => boolean {
  let told = ''
  return (status) => {
    const text = JSON.stringify(status)
    if (text === told) return false
    told = text
    onProgress?.(status)
    return true
  }
}

import type { ActionLogEntry } from '../documents/log-page.ts'
import { onChange, type WaitOptions } from './finished.ts'
import type { PagesOptions } from './pages.ts'
import type { FollowOptions, Update } from './updates.ts'

export type LogOptions<Details> = WaitOptions<Details> &
  PagesOptions & {
    /** Wait for more entries until the action is complete (default false). */
    follow?: boolean
    /** First and last time, in RFC 3339. */
    since?: string | undefined
    until?: string | undefined
    /** Newest first (default false). Not together with `follow`. */
    newestFirst?: boolean
  }

/** Gives the entries of a log as they come, until the action is over. */
export async function* followLog<Details>(
  updates: (options: FollowOptions) => AsyncIterable<Update<Details>>,
  read: () => AsyncIterable<ActionLogEntry>,
  { since, signal, retry, onProgress, throughInactive = false }: LogOptions<Details>,
): AsyncGenerator<ActionLogEntry> {
  const changed = onChange(onProgress)
  let isEmpty = true
  for await (const update of updates({ signal, retry, since, throughInactive, log: true })) {
    if (update.type === 'status') changed(update.status)
    else {
      isEmpty = false
      yield update.entry
    }
  }
  // A provider that keeps no log says so where that is read.
  if (isEmpty) yield* read()
}

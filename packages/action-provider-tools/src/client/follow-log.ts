import type { ActionLogEntry } from '../documents/log-page.ts'
import {
  isOver,
  type Look,
  nextPause,
  onChange,
  type PagesOptions,
  pace,
  type WaitOptions,
} from './finished.ts'
import { sleep } from './repeat.ts'

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

/** Reads the current log. */
type Read<Details> = (options: LogOptions<Details>) => AsyncIterable<ActionLogEntry>

/**
 * Yields the entries of a log as they arrive, until the action is over. Each reading starts at the time of
 * the last entry, because more entries of that time may have arrived. Entries that the previous reading
 * yielded are skipped.
 */
export async function* followLog<Details>(
  look: Look<Details>,
  read: Read<Details>,
  { since, throughInactive = false, follow: _, newestFirst: __, ...options }: LogOptions<Details>,
): AsyncGenerator<ActionLogEntry> {
  const { signal, retry } = options
  const changed = onChange(options.onProgress)
  let from = since
  let given = new Map<string, number>()
  for (let pause: number = pace.first; ; pause = nextPause(pause)) {
    const { status } = await look({ signal, retry, repeats: from === since ? 'always' : 'patiently' })
    changed(status)
    const seen = new Map<string, number>()
    for await (const entry of read({ ...options, ...(from && { since: from }) })) {
      const key = JSON.stringify(entry)
      const count = (seen.get(key) ?? 0) + 1
      seen.set(key, count)
      from = entry.time || from
      if (count <= (given.get(key) ?? 0)) continue
      pause = pace.first
      yield entry
    }
    given = seen
    if (isOver(status, throughInactive)) return
    await sleep(pause, signal)
  }
}

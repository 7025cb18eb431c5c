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
    /** Wait for more, until the action is complete (default false). */
    follow?: boolean
    /** From and until when, RFC 3339. */
    since?: string | undefined
    until?: string | undefined
    /** Newest first (default false). Not where the log is followed. */
    newestFirst?: boolean
  }

/** Reads a log as it is now. */
type Read<Details> = (options: LogOptions<Details>) => AsyncIterable<ActionLogEntry>

/**
 * Gives the entries of a log as they come, until the action is over. Each time it reads from the moment of the last entry on,
 * as others of that moment may have come since: what the reading before gave, it does not give again.
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

import type { HttpAnswer } from './http.ts'

/** One page of something that a provider gives in parts. */
export type Page<Item> = { items: readonly Item[]; next: string | undefined }

/** Entries asked for at once, as many as the interface allows. */
const PAGE = 100
/** What is read of a provider that goes on and on: pages, their bytes together, and milliseconds. */
const MOST_PAGES = 100
const MOST_BYTES = 64 * 1024 * 1024
const LONGEST = 5 * 60_000

/**
 * Reads page after page, but not without end: a provider could announce one more for ever.
 *
 * @param limit how many items are wanted
 * @returns the items, and whether there are more than were read
 */
export async function readPages<Item>(
  limit: number,
  ask: (size: number, marker: string | undefined) => Promise<HttpAnswer>,
  read: (answer: HttpAnswer) => Page<Item>,
): Promise<{ items: Item[]; more: boolean }> {
  const items: Item[] = []
  const markers = new Set<string>()
  const until = performance.now() + LONGEST
  let marker: string | undefined
  let bytes = 0
  for (let pages = mostPages(limit); pages > 0; pages--) {
    const answer = await ask(Math.min(PAGE, limit - items.length), marker)
    const page = read(answer)
    items.push(...page.items)
    bytes += answer.text.length
    marker = page.next
    if (marker === undefined || markers.has(marker)) return { items, more: false }
    if (items.length >= limit) return { items, more: false }
    if (bytes > MOST_BYTES || performance.now() > until) break
    markers.add(marker)
  }
  return { items, more: true }
}

/** Who names a large number wants that many; who names none wants what there is, within reason. */
function mostPages(limit: number): number {
  return Number.isFinite(limit) ? Math.max(MOST_PAGES, Math.ceil(limit / PAGE)) : MOST_PAGES
}

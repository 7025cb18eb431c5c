import { TooManyPages } from 'action-provider-tools/client'

/** Pages have a hundred items. With `limit`, pages are read up to it; without, up to a sensible bound. */
const PAGE = 100
const MOST_PAGES = 100
/** Characters of all items together, and milliseconds. */
const MOST_TEXT = 64 * 1024 * 1024
const LONGEST = 5 * 60_000

/**
 * Gathers the pages of a provider, within bounds.
 *
 * @param limit how many items are wanted
 * @returns the items, and whether there are more
 */
export async function gathered<Item>(
  limit: number,
  read: (options: { maximumPages: number; signal: AbortSignal }) => AsyncIterable<Item>,
): Promise<{ items: Item[]; more: boolean }> {
  const items: Item[] = []
  const maximumPages = Number.isFinite(limit) ? Math.max(MOST_PAGES, Math.ceil(limit / PAGE)) : MOST_PAGES
  const signal = AbortSignal.timeout(LONGEST)
  let text = 0
  try {
    for await (const item of read({ maximumPages, signal })) {
      items.push(item)
      if (items.length >= limit) break
      text += JSON.stringify(item).length
      if (text > MOST_TEXT) return { items, more: true }
    }
    return { items, more: false }
  } catch (error) {
    if (error instanceof TooManyPages || error === signal.reason) return { items, more: true }
    throw error
  }
}

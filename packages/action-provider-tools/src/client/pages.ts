import type { RequestOptions } from './repeat.ts'

/** Options of calls that read page after page. */
export type PagesOptions = RequestOptions & {
  /** The most pages that are read (default 10,000): TooManyPages is thrown where there are more. */
  maximumPages?: number
}

/** A page, and the query of the next one. */
export type Page<Item> = { items: readonly Item[]; next: string | undefined }

/** There are more pages than `maximumPages`. */
export class TooManyPages extends Error {
  override readonly name = 'TooManyPages'
  readonly code = 'TooManyPages'

  constructor(count: number) {
    super(`There are more than ${count} pages, or they have no end: ask for fewer, or set maximumPages`)
  }
}

/**
 * Reads page after page as they are consumed. It ends if a provider announces the same page again.
 *
 * @throws TooManyPages
 */
export async function* pages<Item>(
  read: (next: string | undefined) => Promise<Page<Item>>,
  maximumPages = 10_000,
): AsyncGenerator<Item> {
  const asked = new Set<string>()
  let next: string | undefined
  for (let count = 0; count < maximumPages; count++) {
    const page = await read(next)
    yield* page.items
    next = page.next
    if (next === undefined || asked.has(next)) return
    asked.add(next)
  }
  throw new TooManyPages(maximumPages)
}

/**
 * The query of the next page in a `Link` header. Only the query is taken: a provider must not choose where
 * the token goes.
 */
export function nextQuery(link: string | null, base: URL): string | undefined {
  for (const [, target = '', parameters = ''] of link?.matchAll(/<([^>]*)>([^<]*)/g) ?? []) {
    const [, relations = ''] = /;\s*rel\s*=\s*"?([^",;]*)/i.exec(parameters) ?? []
    const isNext = relations.toLowerCase().split(/\s+/).includes('next')
    if (isNext && URL.canParse(target, base.href)) return new URL(target, base.href).search || undefined
  }
  return undefined
}

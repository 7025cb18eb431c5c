import { UnexpectedAnswer } from './failure.ts'

/** A page of something, and what asks for the next one. */
export type Page<Item> = { items: readonly Item[]; next: string | undefined }

const MOST_PAGES = 10_000

/**
 * Reads page after page, each when its turn comes. It ends where a provider announces a page again.
 *
 * @throws UnexpectedAnswer after ten thousand pages, which only a provider has whose pages have no end
 */
export async function* pages<Item>(
  read: (next: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  const asked = new Set<string>()
  let next: string | undefined
  for (let count = 0; ; count++) {
    if (count >= MOST_PAGES)
      throw new UnexpectedAnswer(200, `The pages of the provider have no end: stop before ${MOST_PAGES}`)
    const page = await read(next)
    yield* page.items
    next = page.next
    if (next === undefined || asked.has(next)) return
    asked.add(next)
  }
}

/** The query of the next page, as a `Link` header announces it. Where it is asked for is not the provider's to say. */
export function nextQuery(link: string | null, base: URL): string | undefined {
  for (const [, target = '', parameters = ''] of link?.matchAll(/<([^>]*)>([^<]*)/g) ?? []) {
    const [, relations = ''] = /;\s*rel\s*=\s*"?([^",;]*)/i.exec(parameters) ?? []
    const isNext = relations.toLowerCase().split(/\s+/).includes('next')
    if (isNext && URL.canParse(target, base.href)) return new URL(target, base).search || undefined
  }
  return undefined
}

/** What docs/README.md says: which pages there are, under which heads, in which order. */
import { readFileSync } from 'node:fs'

export type Page = { title: string; path: string; about: string }
export type Part = { title: string; pages: Page[]; parts: Part[] }

/** The four parts of the documentation, with the parts of each. */
export function documentationIndex(): Part[] {
  const parts: Part[] = []
  for (const line of readFileSync(new URL('../docs/README.md', import.meta.url), 'utf8').split('\n')) {
    const [, level = '', title = ''] = /^(##+) (.+)$/.exec(line) ?? []
    const part = { title, pages: [], parts: [] }
    if (level === '##') parts.push(part)
    if (level === '###') parts.at(-1)?.parts.push(part)
    const [, name = '', path = '', about = ''] = /^- \[([^\]]+)\]\(([^)]+)\)(?:: (.+))?/.exec(line) ?? []
    const last = parts.at(-1)
    if (path !== '') (last?.parts.at(-1) ?? last)?.pages.push({ title: name, path, about })
  }
  return parts
}

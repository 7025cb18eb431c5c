import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

test.each([
  ['reliability', 40],
  ['rotating', 3],
  ['moving', 5],
])('every test that docs/%s.md names is there', async (name, least) => {
  const page = new URL(`../docs/${name}.md`, import.meta.url)
  let file: { path: string; text: string } | undefined
  let named = 0
  for (const line of (await readFile(page, 'utf8')).split('\n')) {
    const [, path] = /^- \[[^\]]+\]\(([^)]+\.test\.ts)\)/.exec(line) ?? []
    if (path !== undefined) file = { path, text: await readFile(new URL(path, page), 'utf8') }
    const [, title] = /^ {2}- (.+)$/.exec(line) ?? []
    if (title === undefined) continue
    expect(file?.text, `${title} in ${file?.path}`).toContain(title)
    named++
  }
  expect(named).toBeGreaterThan(least)
})

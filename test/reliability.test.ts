import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const page = new URL('../docs/reliability.md', import.meta.url)

test('every test that docs/reliability.md names is there', async () => {
  let file: { path: string; text: string } | undefined
  let named = 0
  for (const line of (await readFile(page, 'utf8')).split('\n')) {
    const [, path] = /^- \[[^\]]+\]\(([^)]+\.test\.ts)\)/.exec(line) ?? []
    if (path !== undefined) file = { path, text: await readFile(new URL(path, page), 'utf8') }
    const [, name] = /^ {2}- (.+)$/.exec(line) ?? []
    if (name === undefined) continue
    expect(file?.text, `${name} in ${file?.path}`).toContain(name)
    named++
  }
  expect(named).toBeGreaterThan(40)
})

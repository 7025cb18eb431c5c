import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { settingsTable } from '../packages/action-provider-tools/src/server/settings.ts'

const root = new URL('..', import.meta.url)
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8')

test('the README prints watchasay as it is', async () => {
  expect(await read('README.md')).toContain((await read('examples/watchasay/src/watchasay.ts')).trimEnd())
})

test('docs/stores.md prints a test of a store as it is', async () => {
  const program = await read('packages/action-provider-tools/test/store-contract.test.ts')
  expect(await read('docs/stores.md')).toContain(program.trimEnd())
})

test('the README has the table of settings as it is', async () => {
  expect(await read('README.md')).toContain(`\n\n${settingsTable()}\n`)
})

const pages = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md'], { cwd: fileURLToPath(root) })

test.each(pages)('every file that %s links to is there', async (page) => {
  const folder = dirname(fileURLToPath(new URL(page, root)))
  for (const [, target = ''] of (await read(page)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    expect(existsSync(resolve(folder, target)), target).toBe(true)
  }
})

test('every section that docs/providers.md links to is there', async () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-')
  for (const [, target, section] of (await read('docs/providers.md')).matchAll(/\]\(([^):]*)#([^)]+)\)/g)) {
    const page = await read(`docs/${target || 'providers.md'}`)
    const sections = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading))
    expect(sections, target).toContain(section)
  }
})

test.each([
  ['client', 'packages/action-provider-tools/test/client/examples.ts', 5],
  ['durable-work', 'packages/action-provider-tools/test/durable-work-examples.ts', 1],
])('the examples of docs/%s.md are in a file that the compiler checks', async (page, file, least) => {
  const checked = await read(file)
  const statements = `${checked}\n${checked.replace(/^ {2}/gm, '')}`
  const examples = [...(await read(`docs/${page}.md`)).matchAll(/```ts\n(.*?)```/gs)]
  expect(examples.length).toBeGreaterThanOrEqual(least)
  for (const [, example = ''] of examples) expect(statements).toContain(example)
})

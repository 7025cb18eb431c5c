import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url)
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8')

test('the README prints watchasay as it is', async () => {
  expect(await read('README.md')).toContain((await read('examples/watchasay/src/watchasay.ts')).trimEnd())
})

test('the README names every setting, and no other', async () => {
  const configuration = await read('packages/action-provider-tools/src/server/configuration.ts')
  const table = (await read('README.md')).split('## Configure it')[1]?.split('\n## ')[0] ?? ''
  const documented = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  )
  const known = [...configuration.matchAll(/'([A-Z]{3,}(?:_[A-Z]+)*)'/g)].map(([, name]) => name)
  expect(new Set(documented).size).toBe(documented.length)
  expect([...documented].sort()).toEqual(
    [...new Set([...known, 'CLIENT_ID', 'CLIENT_SECRET', 'SCOPE'])].sort(),
  )
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

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

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

for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/asynchronous-work.md', 'docs/client.md']) {
  test(`every file that ${page} links to is there`, async () => {
    const folder = dirname(fileURLToPath(new URL(`../${page}`, import.meta.url)))
    for (const [, target = ''] of (await read(page)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect(existsSync(resolve(folder, target)), target).toBe(true)
    }
  })
}

test('the examples of docs/client.md are in a file that the compiler checks', async () => {
  const checked = await read('packages/action-provider-tools/test/client/examples.ts')
  const statements = checked.replace(/^ {2}/gm, '')
  const examples = [...(await read('docs/client.md')).matchAll(/```ts\n(.*?)```/gs)]
  expect(examples.length).toBeGreaterThan(4)
  for (const [, example = ''] of examples) expect(statements).toContain(example)
})

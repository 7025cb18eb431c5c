import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { settingsTable } from '../packages/action-provider-tools/src/server/settings.ts'

const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

test('the README prints watchasay as it is', async () => {
  expect(await read('README.md')).toContain((await read('examples/watchasay/src/watchasay.ts')).trimEnd())
})

test('the README has the table of settings as it is', async () => {
  expect(await read('README.md')).toContain(`\n\n${settingsTable()}\n`)
})

for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/asynchronous-work.md']) {
  test(`every file that ${page} links to is there`, async () => {
    const folder = dirname(fileURLToPath(new URL(`../${page}`, import.meta.url)))
    for (const [, target = ''] of (await read(page)).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect(existsSync(resolve(folder, target)), target).toBe(true)
    }
  })
}

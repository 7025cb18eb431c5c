import { readFile } from 'node:fs/promises'
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

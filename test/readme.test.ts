import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url)
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8')

test('the README prints watchasay as it is', async () => {
  expect(await read('README.md')).toContain((await read('examples/watchasay/src/watchasay.ts')).trimEnd())
})

test('docs/stores.md prints a test of a store as it is', async () => {
  const program = await read('packages/action-provider-tools/test/store-contract.test.ts')
  expect(await read('docs/stores.md')).toContain(program.trimEnd())
})

test('the README fits on a few screens', async () => {
  expect((await read('README.md')).split('\n').length).toBeLessThan(200)
})

test('the terminal of the README shows commands that are there', async () => {
  const picture = await read('docs/terminal.svg')
  const typed = [...picture.matchAll(/class="typed">([^<]+)</g)].map(([, command]) => command)
  expect(typed).toEqual([
    'npm create action-provider@latest my-provider',
    'cd my-provider &amp;&amp; npm start',
    expect.stringMatching(/^export ACTION_URL=\S+ ACTION_TOKEN=/),
    expect.stringMatching(/^npx action-provider run --body /),
  ])
  expect(picture).toContain('SUCCEEDED')
})

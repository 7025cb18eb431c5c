import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const library = join(root, 'packages/action-provider-tools')
const run = promisify(execFile)
const tsc = (folder: string, ...options: string[]): Promise<string> =>
  run(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false', ...options]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )

let folder: string
beforeAll(async () => {
  // Below node_modules, so that what the library depends on is found as where it is installed.
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true })
  folder = await mkdtemp(join(root, 'node_modules/.cache/consumer-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const source = `
import * as library from 'action-provider-tools'
import * as client from 'action-provider-tools/client'
import * as checks from 'action-provider-tools/client/checks'
import * as moving from 'action-provider-tools/moving'
import * as contract from 'action-provider-tools/store-contract'
import * as testing from 'action-provider-tools/testing'
export const all = { library, client, checks, moving, contract, testing }
export const provider: library.ActionProvider = library.defineActionProvider({
  description: { title: 'x', admin_contact: 'x', synchronous: true },
  input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  run: ({ input }) => ({ said: input.text.toUpperCase() }),
})
`

// The compiler alone takes ten seconds, and more where others are at work.
const PATIENCE = 240_000

test('the published declarations compile for who has ES2022 and checks libraries too', {
  timeout: PATIENCE,
}, async () => {
  const installed = join(folder, 'node_modules/action-provider-tools')
  const build = join(library, 'tsconfig.build.json')
  // Whether it builds without an error is for `npm run build` to say: the emulator may not have been built before.
  await tsc(build, '--noCheck', '--emitDeclarationOnly', '--outDir', join(installed, 'dist'))
  await copyFile(join(library, 'package.json'), join(installed, 'package.json'))
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.mts'] }))
  await writeFile(join(folder, 'consumer.mts'), source)
  expect(await tsc(folder)).toBe('')
})

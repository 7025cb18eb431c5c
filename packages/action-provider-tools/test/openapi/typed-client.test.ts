import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { watchasay } from '../../../../examples/watchasay/src/watchasay.ts'
import { type Served, serveForTest } from '../served.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../../', import.meta.url))
const tool = join(root, 'tools/openapi-typescript')

let served: Served
let folder: string
let missing: string | undefined

beforeAll(async () => {
  served = await serveForTest(watchasay)
  folder = await mkdtemp(join(tool, 'generated-'))
  if (existsSync(join(tool, 'node_modules/openapi-typescript'))) return
  await run('npm', ['ci', '--ignore-scripts'], { cwd: tool }).catch((error: Error & { stderr?: string }) => {
    missing = error.stderr ?? error.message
  })
}, 120_000)
afterAll(async () => {
  await served.close()
  await rm(folder, { recursive: true, force: true })
})

test('a client that openapi-typescript makes of the document compiles and calls the server', async (context) => {
  if (missing !== undefined) context.skip(`openapi-typescript cannot be installed: ${missing}`)
  const { text } = await served.ask(undefined, 'GET', '/p/openapi.json')
  await writeFile(join(folder, 'openapi.json'), text)
  await cp(join(tool, 'client.ts'), join(folder, 'client.ts'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(COMPILED))
  await symlink(join(tool, 'node_modules'), join(folder, 'node_modules'))

  const generator = join(tool, 'node_modules/openapi-typescript/bin/cli.js')
  await run(process.execPath, [generator, 'openapi.json', '--output', 'provider.ts'], { cwd: folder })
  await run(process.execPath, [join(tool, 'node_modules/typescript/bin/tsc')], { cwd: folder })

  const alice = served.auth.caller({ username: 'alice' })
  const { stdout } = await run(process.execPath, ['client.js', `${served.url}/p`, alice.token], {
    cwd: folder,
  })
  expect(JSON.parse(stdout)).toEqual({
    ended: expect.objectContaining({
      status: 'SUCCEEDED',
      details: { you_said: 'hey' },
      creator_id: alice.urn,
    }),
    left: [],
    gone: expect.objectContaining({ code: 'ActionNotFound' }),
  })
}, 120_000)

/** As strict as our own sources. */
const COMPILED = {
  extends: '../../../tsconfig.base.json',
  compilerOptions: { types: ['node'], typeRoots: [join(root, 'node_modules/@types')], customConditions: [] },
  files: ['client.ts'],
}

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import { packPackages } from '../scripts/pack.ts'

/** The library, installed from its tarball alone: what is optional to install is not there. */

const run = promisify(execFile)
const PATIENCE = 240_000

let folder: string
let postgres: TestPostgres
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'optional-'))
  postgres = await startPostgres()
  const packed = await packPackages(join(folder, 'packed'), ['action-provider-tools'])
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'main.js'), program)
  await install(packed['action-provider-tools'].tarball)
}, PATIENCE)
afterAll(async () => {
  await postgres.close()
  await rm(folder, { recursive: true, force: true })
})

const install = (what: string): Promise<unknown> =>
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', what], { cwd: folder })

const program = `
  import { defineActionProvider, serve } from 'action-provider-tools'
  const echo = defineActionProvider({
    description: { title: 'Echo', admin_contact: 'support@example.org', synchronous: true, visible_to: ['public'] },
    input: { type: 'object' },
    run: () => ({}),
  })
  await serve(echo, { prefix: '/echo' })`

type End = { code: number | null; stdout: string; stderr: string }

/** Runs the program until it says where it serves, or to its end. */
function start(environment: Record<string, string>): Promise<End> {
  const { PATH, HOME } = process.env
  const credentials = {
    CLIENT_ID: 'c',
    CLIENT_SECRET: 's',
    SCOPE: 'https://auth.globus.org/scopes/c/action_all',
  }
  const env = { PATH, HOME, PORT: '0', ...credentials, ...environment }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['main.js'], { cwd: folder, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
    child.stdout?.on('data', (text: string) => {
      if (text.includes('serves at')) child.kill('SIGTERM')
    })
  })
}

const without = [
  'pg',
  '@opentelemetry/sdk-trace-node',
  '@scalar/fastify-api-reference',
  'globus-emulator',
  'action-provider-console',
  'vitest',
]

test('none of what is optional is installed with the library, and it serves', async () => {
  for (const name of without) expect(existsSync(join(folder, 'node_modules', name)), name).toBe(false)
  const { code, stdout, stderr } = await start({ DATABASE_URL: 'sqlite:actions.db' })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Echo serves at /m)
})

test.each([
  ['PostgreSQL', { DATABASE_URL: 'postgres://u:p@127.0.0.1/d' }, 'npm install pg'],
  ['the page of the OpenAPI document', { DOCS: 'on' }, 'npm install @scalar/fastify-api-reference'],
  ['the console', { CONSOLE: 'on', CONSOLE_CLIENT_ID: 'c' }, 'npm install action-provider-console'],
  ['the emulator', { CLIENT_ID: '', CLIENT_SECRET: '', SCOPE: '' }, 'npm install --save-dev globus-emulator'],
])('who asks for %s is told what to install', async (_name, environment, words) => {
  const { code, stderr } = await start({ DATABASE_URL: 'sqlite:actions.db', ...environment })
  expect(code).toBe(1)
  expect(stderr).toContain(words)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('with pg installed it serves from PostgreSQL', { timeout: PATIENCE }, async () => {
  await install('pg')
  const { code, stdout, stderr } = await start({ DATABASE_URL: postgres.url })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Echo serves at /m)
})

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv, promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserOf, type Machine, type Run } from './cli.ts'
import { createWorld, echo, type World } from './world.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const built = fileURLToPath(new URL('../dist/main.js', import.meta.url))

let world: World
let home: Machine

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: repository })
  world = await createWorld()
  home = await world.machine()
})
afterAll(() => world.close())

/** Runs the program as it is published, by its first line's Node. */
async function run(...args: string[]): Promise<Run> {
  const options = {
    cwd: home.folder,
    env: { ...home.env, PATH: `${join(process.execPath, '..')}:${home.env.PATH}` },
  }
  return promisify(execFile)('node', [built, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
}

describe('the built program', () => {
  test('writes to a file that is not there yet: no option of it is one of Node', async () => {
    const scope = 'urn:globus:auth:scope:auth.globus.org:manage_projects'
    await home.run(['login', '--action-scope', scope], { env: browserOf('alice') })
    const registered = await run('provider', 'register', '--name', 'built', '--save-to', 'settings.env')
    expect(registered).toMatchObject({ code: 0 })
    const settings = parseEnv(await readFile(join(home.folder, 'settings.env'), 'utf8'))
    expect(Object.keys(settings)).toEqual(
      expect.arrayContaining(['CLIENT_ID', 'CLIENT_SECRET', 'SCOPE', 'SECRETS_KEY']),
    )
  })

  test('checks a body in a thread of its own', async () => {
    const { url } = await world.host(echo, '/echo')
    await home.run(['login', '-u', url, '--trust'], { env: browserOf('alice') })
    const wrong = await run('run', '-u', url, '--body', '{"txt": "hi"}')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('must NOT have additional properties: "txt"')
    expect((await run('run', '-u', url, '--body', '{"text": "hi"}')).code).toBe(0)
  })

  test('finds an input for a check in a thread of its own', async () => {
    const { url } = await world.host(echo, '/checked')
    await home.run(['login', '-u', url, '--trust'], { env: browserOf('alice') })
    const checked = await run('check', url, '--only', 'run')
    expect(checked).toMatchObject({ code: 0 })
    expect(checked.stderr).toContain('{"text":"text"}')
  })
})

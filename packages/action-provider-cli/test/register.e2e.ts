import { spawn } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { groupsScope } from 'globus-emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserOf, type Machine, steady } from './cli.ts'
import { createWorld, type World } from './world.ts'

const watchasay = new URL('../../../examples/watchasay/src/main.ts', import.meta.url).pathname
const manageProjects = 'urn:globus:auth:scope:auth.globus.org:manage_projects'

let world: World
let home: Machine

beforeAll(async () => {
  world = await createWorld()
  home = await world.machine()
  await home.run(['login', '--action-scope', manageProjects], { env: browserOf('alice') })
})
afterAll(() => world.close())

const envFile = (): string => join(home.folder, '.env')
const settings = async (): Promise<Record<string, string | undefined>> =>
  parseEnv(await readFile(envFile(), 'utf8'))

describe('provider', () => {
  test('is registered with a .env file that it starts with', async () => {
    await writeFile(envFile(), '# mine\nPORT=0\nDATABASE_URL=sqlite:actions.db\n', { mode: 0o644 })
    const run = await home.run([
      'provider',
      'register',
      '--name',
      'watchasay',
      '--redirect',
      'https://example.org/back',
      '-v',
    ])
    expect(run.code).toBe(0)
    expect(steady(run.stdout)).toMatchSnapshot()
    const { CLIENT_SECRET = '', ...written } = await settings()
    expect(written).toMatchObject({
      PORT: '0',
      SCOPE: `https://auth.globus.org/scopes/${written.CLIENT_ID}/action_all`,
      GLOBUS_SDK_SERVICE_URL_AUTH: `${world.emulator.url}/`,
    })
    expect(await readFile(envFile(), 'utf8')).toMatch(/^# mine\nPORT=0\n/)
    expect((await stat(envFile())).mode & 0o777).toBe(0o600)
    expect(run.stdout + run.stderr).not.toContain(CLIENT_SECRET)
    expect(run.stdout).toContain(groupsScope)
    expect(Buffer.from(written.SECRETS_KEY ?? '', 'base64')).toHaveLength(32)
    expect(run.stdout + run.stderr).not.toContain(written.SECRETS_KEY)
    expect(written).not.toHaveProperty('FORMER_CLIENT_SECRETS')
    await servesAndRuns()
  })
  test('is the same when it is registered again', async () => {
    const before = await readFile(envFile(), 'utf8')
    const run = await home.run(['provider', 'register', '--name', 'watchasay', '-f', 'json'])
    expect(steady(run.stderr)).toBe('Wrote CLIENT_ID and SCOPE to .env\n')
    expect(await readFile(envFile(), 'utf8')).toBe(before)
    expect(JSON.parse(run.stdout).secrets).toHaveLength(1)
  })
  test('is brought up to date, and gets a secret where the file has none that counts', async () => {
    await writeFile(
      envFile(),
      (await readFile(envFile(), 'utf8')).replace(/CLIENT_SECRET=.*/, 'CLIENT_SECRET=wrong'),
    )
    const run = await home.run(['provider', 'register', '--name', 'renamed'])
    expect(steady(run.stderr)).toMatchSnapshot()
    expect((await settings()).CLIENT_SECRET).not.toBe('wrong')
  })
  test('is shown', async () => {
    const run = await home.run(['provider', 'show'])
    expect(run.code).toBe(0)
    expect(steady(run.stdout)).toMatchSnapshot()
  })
  test('gets a new secret, and loses the old ones', async () => {
    const { CLIENT_SECRET: old, SECRETS_KEY } = await settings()
    const kept = await home.run(['provider', 'rotate-secret', '--keep-old', '-f', 'json', '-q'])
    expect(JSON.parse(kept.stdout).secrets).toHaveLength(3)
    const run = await home.run(['provider', 'rotate-secret', '-f', 'json'])
    expect(JSON.parse(run.stdout).secrets).toHaveLength(1)
    expect(steady(run.stderr)).toMatchSnapshot()
    const { CLIENT_SECRET: fresh = '' } = await settings()
    expect(fresh).not.toBe(old)
    expect(home.printed()).not.toContain(fresh)
    expect(await settings()).toMatchObject({ SECRETS_KEY })
    expect(await settings()).not.toHaveProperty('FORMER_CLIENT_SECRETS')
  })
  test.each([['register'], ['rotate-secret']])(
    'whose file has no SECRETS_KEY is told its former secret by %s, since its key was derived from that',
    async (command) => {
      const text = await readFile(envFile(), 'utf8')
      await writeFile(envFile(), text.replace(/^(SECRETS_KEY|FORMER_CLIENT_SECRETS)=.*\n/gm, ''))
      const { CLIENT_SECRET: old = '' } = await settings()
      const run = await home.run(['provider', command])
      expect(steady(run.stderr)).toMatchSnapshot()
      const now = await settings()
      expect(now.FORMER_CLIENT_SECRETS).toBe(old)
      expect(Buffer.from(now.SECRETS_KEY ?? '', 'base64')).toHaveLength(32)
      for (const secret of [old, now.SECRETS_KEY, now.CLIENT_SECRET])
        expect(home.printed()).not.toContain(secret)
      // From then on the key stays, whatever becomes of the secret.
      await home.run(['provider', 'rotate-secret', '--keep-old'])
      const { CLIENT_SECRET: next, ...kept } = await settings()
      expect(next).not.toBe(now.CLIENT_SECRET)
      expect(kept).toMatchObject({ SECRETS_KEY: now.SECRETS_KEY, FORMER_CLIENT_SECRETS: old })
    },
  )
})

/** Starts watchasay with the file alone, and runs an action there. */
async function servesAndRuns(): Promise<void> {
  const provider = spawn(process.execPath, ['--env-file=.env', '--conditions=source', watchasay], {
    cwd: home.folder,
    env: { PATH: home.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    let output = ''
    const url = await new Promise<string>((resolve, reject) => {
      provider.once('exit', () => reject(new Error(`The provider ended: ${output}`)))
      provider.stdout?.setEncoding('utf8').on('data', (part: string) => {
        output += part
        const found = output.match(/serves at (http\S+)/)?.[1]
        if (found) resolve(found)
      })
    })
    await home.run(['login', '-u', url, '--trust'], { env: browserOf('alice') })
    const run = await home.run(['run', '-u', url, '-b', '{"input_string": "registered"}', '-f', 'json'])
    expect(JSON.parse(run.stdout).details).toEqual({ you_said: 'registered' })
  } finally {
    provider.kill('SIGTERM')
    await new Promise((resolve) => provider.once('exit', resolve))
  }
}

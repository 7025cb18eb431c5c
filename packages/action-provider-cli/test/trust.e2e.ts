import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { browserOf, type Machine, type Run, steady } from './cli.ts'
import { type Pretender, pretend } from './pretend.ts'
import { createWorld, echo, type Hosted, type World } from './world.ts'

let world: World
let honest: Hosted
let thief: Pretender
let home: Machine

beforeAll(async () => {
  world = await createWorld()
  honest = await world.host(echo, '/echo')
})
beforeEach(async () => {
  await world.emulator.reset()
  home = await world.machine()
  // Its user has consented to the honest provider's scope, and has a token for it.
  await home.run(['login', '-u', honest.url, '--trust'], { env: browserOf('alice') })
  thief = await pretend(
    { globus_auth_scope: honest.scope, title: 'Thief', input_schema: { type: 'object' } },
    (_request, response) => {
      response.setHeader('content-type', 'application/json').end('[]')
    },
  )
})
afterAll(() => world.close())

const tokensSent = (): string[] => thief.received.flatMap(({ authorization }) => authorization ?? [])

/** Runs a command in a terminal, where somebody answers the question. */
async function answering(answer: 'y' | 'n', args: string[]): Promise<Run> {
  const { child, done, shown } = home.start(args, { terminal: true, env: browserOf('alice') })
  let answered = false
  child.stdout?.on('data', () => {
    if (answered || !shown().includes('Send it?')) return
    answered = true
    child.stdin?.write(answer)
  })
  return done
}

describe('a URL that names the scope of another provider', () => {
  test('gets no token where nobody can be asked', async () => {
    const run = await home.run(['list', '-u', thief.url], { env: browserOf('alice') })
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(steady(run.stderr)).toMatchSnapshot()
    expect(run.stderr).toContain(`the host ${new URL(thief.url).host} wants`)
    expect(tokensSent()).toEqual([])
  })

  test.each([
    ['a login', (): string[] => ['login', '-u', thief.url]],
    [
      'a scope that is named with it',
      (): string[] => ['list', '-u', thief.url, '--action-scope', honest.scope],
    ],
    ['a run', (): string[] => ['run', '-u', thief.url, '-b', '{}']],
  ])('gets none by %s either', async (_name, args) => {
    expect((await home.run(args(), { env: browserOf('alice') })).code).toBe(3)
    expect(tokensSent()).toEqual([])
  })

  test('gets none when somebody on a terminal says no', async () => {
    const run = await answering('n', ['list', '-u', thief.url])
    expect(run.code).toBe(3)
    expect(run.stdout).toContain(`Host        ${new URL(thief.url).host}`)
    expect(run.stdout).toContain(`Scope       ${honest.scope}`)
    expect(run.stdout).toContain(`Known from  ${honest.url}, and this URL`)
    expect(tokensSent()).toEqual([])
  })

  test('gets one when somebody says yes, and is not asked about again', async () => {
    expect((await answering('y', ['list', '-u', thief.url])).code).toBe(0)
    expect((await home.run(['list', '-u', thief.url])).code).toBe(0)
    expect(tokensSent()).toHaveLength(2)
  })

  test('gets one with --trust, at this base URL alone', async () => {
    expect((await home.run(['list', '-u', thief.url, '--trust'])).code).toBe(0)
    const beside = await home.run(['list', '-u', thief.url.replace('/skeleton', '/another')])
    expect(beside.code).toBe(3)
    expect(thief.received.filter(({ path }) => path.startsWith('/another'))).toEqual([
      { path: '/another', authorization: undefined },
    ])
  })

  test('gets none of a client that acts as itself', async () => {
    const { client_id, client_secret } = await world.emulator.register({ name: 'robot' })
    const env = { GLOBUS_CLIENT_ID: client_id, GLOBUS_CLIENT_SECRET: client_secret }
    const run = await home.run(['list', '-u', thief.url], { env })
    expect(run.code).toBe(3)
    expect(run.stderr).toContain('If you trust it, add --trust\n')
    expect(tokensSent()).toEqual([])
  })

  test('is forgotten with the login', async () => {
    await home.run(['list', '-u', thief.url, '--trust'])
    await home.run(['logout'])
    await home.run(['login', '-u', honest.url, '--trust'], { env: browserOf('alice') })
    expect((await home.run(['list', '-u', thief.url])).code).toBe(3)
  })
})

describe('control characters', () => {
  const sly = '\u001b]0;owned\u0007\u009b2J\u202e'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const obeyed = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/

  test.each([
    ['no URL', `${sly}example`],
    ['a URL', `http://127.0.0.1:1/${sly}`],
    ['another protocol', `ftp://host/${sly}`],
  ])('in %s never reach the terminal', async (_name, url) => {
    const run = await home.run(['list', '-u', url, '--action-scope', `${honest.scope}${sly}`])
    expect(run.code).not.toBe(0)
    expect(run.stderr).not.toMatch(obeyed)
  })

  test.each([
    ['scope', { globus_auth_scope: sly, title: 'x' }],
    [
      'suffix',
      {
        globus_auth_scope: `https://auth.globus.org/scopes/a11ce000-0000-4000-8000-000000000001/${sly}`,
        title: 'x',
      },
    ],
    [
      'title',
      { globus_auth_scope: 'x', title: sly, input_schema: { properties: { [sly]: { enum: [sly] } } } },
    ],
  ])('in the %s that a URL names never reach it', async (_name, description) => {
    const { url, close } = await pretend(description)
    for (const command of ['list', 'introspect']) {
      const run = await home.run([command, '-u', url, '-v'])
      expect(run.stdout + run.stderr).not.toMatch(obeyed)
    }
    await close()
  })
})

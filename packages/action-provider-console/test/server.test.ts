import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runProgram, startGlobus, startProgram, watchasay } from '../../../test/program.ts'
import { type ConsoleOptions, consolePages, isBuilt } from '../src/server/index.ts'
import { setup } from './build-page.ts'
import { addConsole } from './own-application.ts'

let folder: string
beforeAll(async () => {
  if (!isBuilt()) setup()
  folder = await mkdtemp(join(tmpdir(), 'console-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const database = (name: string): { DATABASE_URL: string } => ({
  DATABASE_URL: `sqlite:${join(folder, `${name}.db`)}`,
})

describe('the page', () => {
  let app: FastifyInstance
  beforeAll(async () => {
    app = Fastify()
    await app.register(consolePages, {
      prefix: '/tools/console',
      providers: [{ path: '/echo', scope: 'https://auth.globus.org/scopes/x/action_all' }],
      auth: 'https://auth.example.org/',
      clientId: 'the client',
      elsewhere: [],
    })
  })
  afterAll(() => app.close())

  test('runs its own scripts alone, and reaches this host and Globus Auth alone', async () => {
    const { headers, body } = await app.inject('/tools/console/')
    const policy = String(headers['content-security-policy'])
    expect(policy).not.toMatch(/unsafe|\*|data:|blob:/)
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("connect-src 'self' https://auth.example.org;")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(body).not.toMatch(/https?:|style=|<script(?![^>]* src=)/)
    expect(headers['cache-control']).toBe('no-cache')
  })

  test('each view has its own path, and other paths have nothing', async () => {
    for (const view of ['', 'provider', 'run', 'actions', 'action']) {
      expect((await app.inject(`/tools/console/${view}`)).statusCode).toBe(200)
    }
    for (const path of ['other', 'assets/none.js', 'assets/../index.html', 'assets/%2e%2e/index.html']) {
      expect((await app.inject(`/tools/console/${path}`)).statusCode).toBe(404)
    }
    expect((await app.inject('/tools/console')).headers.location).toBe('console/')
  })

  test('the licenses of what is bundled into it are served beside it', async () => {
    const { headers, body } = await app.inject('/tools/console/THIRD-PARTY.txt')
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-cache',
    })
    expect(body).toMatch(/^preact \d.* \(MIT\)$/m)
  })

  test('its files are packed, and kept by browsers', async () => {
    const { body } = await app.inject('/tools/console/')
    const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(body) ?? []
    const url = `/tools/console/${script}`
    const plain = await app.inject(url)
    const packed = await app.inject({ url, headers: { 'accept-encoding': 'br, gzip' } })
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
  })

  test('is told where the providers are, wherever the console is', async () => {
    expect((await app.inject('/tools/console/configuration.json')).json()).toEqual({
      providers: [{ url: '../../echo', scope: 'https://auth.globus.org/scopes/x/action_all' }],
      auth: 'https://auth.example.org/',
      client_id: 'the client',
      elsewhere: [],
    })
  })
})

test('an application of an author’s own may have it', async () => {
  const app = Fastify()
  await addConsole(app, 'the scope')
  expect((await app.inject('/console/')).statusCode).toBe(200)
  await app.close()
})

describe('what is asked elsewhere', () => {
  let other: FastifyInstance
  let origin: string
  const came: { url: string; headers: Record<string, unknown>; body: unknown }[] = []
  beforeAll(async () => {
    other = Fastify()
    other.all('/*', (request, reply) => {
      came.push({ url: request.url, headers: request.headers, body: request.body })
      if (request.url.includes('moved')) return reply.redirect('https://evil.example/')
      return reply
        .code(404)
        .headers({ 'set-cookie': 'a=b', link: '</next>; rel="next"', 'access-control-allow-origin': '*' })
        .type('text/html')
        .send('<script>alert(1)</script>')
    })
    origin = await other.listen({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => other.close())

  const fromPage = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'empty' }

  async function forward(
    url: string,
    elsewhere: ConsoleOptions['elsewhere'],
    headers: Record<string, string> = fromPage,
    body?: string,
  ): Promise<Awaited<ReturnType<typeof fetch>> & { text: () => Promise<string> }> {
    const app = Fastify()
    await app.register(consolePages, {
      prefix: '/console',
      providers: [],
      auth: origin,
      clientId: 'x',
      elsewhere,
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/console/elsewhere?url=${encodeURIComponent(url)}`, {
      headers,
      redirect: 'manual',
      ...(body !== undefined && { method: 'POST', body }),
    })
    const text = await answer.text()
    await app.close()
    return Object.assign(answer, { text: async () => text })
  }

  test('gets the token and the body, and nothing that browsers add', async () => {
    came.splice(0)
    const headers = {
      ...fromPage,
      authorization: 'Bearer secret',
      cookie: 'a=b',
      'content-type': 'application/json',
    }
    const answer = await forward(`${origin}/p/run`, [`${origin}/p`], headers, '{"a":12345678901234567890}')
    expect(answer.status).toBe(404)
    expect(came).toHaveLength(1)
    expect(came[0]).toMatchObject({ url: '/p/run', headers: { authorization: 'Bearer secret' } })
    expect(came[0]?.headers).not.toHaveProperty('cookie')
    expect(came[0]?.headers).not.toHaveProperty('sec-fetch-site')
  })

  test('makes no page of this origin, and sets nothing here', async () => {
    const { headers } = await forward(`${origin}/p/x`, 'any')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    expect(headers.get('set-cookie')).toBeNull()
    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('link')).toBe('</next>; rel="next"')
  })

  test.each([
    ['another host', (own: string) => own.replace('127.0.0.1', 'localhost')],
    ['a path beside', (own: string) => `${own}/provider`],
    ['a path that climbs', (own: string) => `${own}/p/../admin`],
    ['a path that climbs elsewhere', (own: string) => `${own}/p/..%2fadmin`],
    ['a name and a password', (own: string) => `${own.replace('//', '//a:b@')}/p`],
    ['no web address', () => 'file:///etc/passwd'],
    ['no address', () => 'p'],
  ])('is not %s where providers are named', async (_, url) => {
    came.splice(0)
    expect((await forward(url(origin), [`${origin}/p`])).status).toBe(403)
    expect(came).toEqual([])
  })

  test.each([
    ['a page of another origin', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' }],
    ['a page of another name for this machine', { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'empty' }],
    ['a window', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'document' }],
    ['a script', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'script' }],
    ['who does not say', {}],
  ])('is not asked for %s', async (_, headers) => {
    came.splice(0)
    expect((await forward(`${origin}/p`, 'any', headers)).status).toBe(403)
    expect(came).toEqual([])
  })

  test('is not followed to where it leads', async () => {
    const answer = await forward(`${origin}/p/moved`, [`${origin}/p`])
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'https://evil.example/'])
  })

  test('may be gone, which is said', async () => {
    const answer = await forward('http://127.0.0.1:9/p', 'any')
    expect(answer.status).toBe(502)
    expect(await answer.text()).toContain('127.0.0.1:9 does not answer')
  })
})

describe('a program', () => {
  test('has it in development, and says where', async () => {
    const program = await startProgram(watchasay, database('development'))
    const { origin } = new URL(program.url)
    const answer = await fetch(`${origin}/console/`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    await expect
      .poll(() => program.output().stdout)
      .toContain(`The console shows and runs actions: ${origin}/console/`)
    await program.signal('SIGKILL')
  })

  test('has it elsewhere where it is asked for alone, with a client of its own', async () => {
    const globus = await startGlobus()
    const off = await startProgram(watchasay, { ...database('off'), ...globus.environment })
    expect((await fetch(`${new URL(off.url).origin}/console/`)).status).toBe(404)
    await off.signal('SIGKILL')
    const on = { ...database('on'), ...globus.environment, CONSOLE: 'on' }
    const { code, stderr } = await runProgram(watchasay, on)
    expect([code, stderr]).toEqual([1, expect.stringContaining('CONSOLE=on needs CONSOLE_CLIENT_ID')])
    const program = await startProgram(watchasay, {
      ...on,
      CONSOLE_CLIENT_ID: 'mine',
      CONSOLE_PROVIDERS: 'https://example.org/p',
    })
    const configuration = await fetch(`${new URL(program.url).origin}/console/configuration.json`)
    expect(await configuration.json()).toMatchObject({
      providers: [{ url: '../skeleton', scope: globus.scope }],
      client_id: 'mine',
      elsewhere: ['https://example.org/p'],
    })
    await program.signal('SIGKILL')
    await globus.close()
  })

  test('without its package says how to add it', async () => {
    const absent = `import { registerHooks } from 'node:module'
      registerHooks({ resolve(name, context, next) {
        if (name === 'action-provider-console') throw new Error('Not installed')
        return next(name, context)
      } })`
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(absent)}`
    const program = await startProgram(watchasay, { ...database('absent'), NODE_OPTIONS })
    const answer = await fetch(`${new URL(program.url).origin}/console`)
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { code: 'NotFound', description: 'The console is not installed: npm install action-provider-console' },
    ])
    await expect.poll(() => program.output().stdout).toContain('npm install action-provider-console')
    await program.signal('SIGKILL')
    const { code, stderr } = await runProgram(watchasay, {
      ...database('required'),
      NODE_OPTIONS,
      CONSOLE: 'on',
    })
    expect([code, stderr]).toEqual([
      1,
      'CONSOLE=on needs a package that is not installed: npm install action-provider-console\n',
    ])
  })
})

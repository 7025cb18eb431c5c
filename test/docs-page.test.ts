import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Globus, type Program, runProgram, startGlobus, startProgram, watchasay } from './program.ts'

/** The page that shows the OpenAPI document, where a program has it and where not. */

let globus: Globus
let folder: string
const programs: Program[] = []
beforeAll(async () => {
  globus = await startGlobus()
  folder = await mkdtemp(join(tmpdir(), 'docs-'))
})
afterAll(async () => {
  await Promise.all(programs.map((program) => program.signal('SIGKILL')))
  await globus.close()
  await rm(folder, { recursive: true, force: true })
})

async function page(environment: Record<string, string | undefined>): Promise<Response> {
  const name = `${programs.length}.db`
  const program = await startProgram(watchasay, {
    DATABASE_URL: `sqlite:${join(folder, name)}`,
    ...environment,
  })
  programs.push(program)
  return fetch(`${program.url}/docs`)
}

test('with the emulator it is there, and lets its own scripts run and nothing else', async () => {
  const answer = await page({})
  expect([answer.status, answer.redirected]).toEqual([200, true])
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const html = await answer.text()
  expect(html).toContain('../openapi.json')
  expect(html).not.toMatch(/https?:/)
  const policy = answer.headers.get('content-security-policy') ?? ''
  const [, nonce = ''] = /script-src 'nonce-([^']+)';/.exec(policy) ?? []
  expect(policy).toMatch(/^default-src 'none'; .*connect-src 'self'; /)
  const scripts = html.match(/<script[^>]*>/g) ?? []
  expect(scripts.length).toBeGreaterThan(0)
  for (const script of scripts) expect(script).toContain(`nonce="${nonce}"`)
  const script = await fetch(new URL('js/scalar.js', answer.url))
  expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
  const again = await fetch(answer.url)
  expect(again.headers.get('content-security-policy')).not.toContain(nonce)
})

test('with credentials it is there where it is asked for alone, and nowhere where it is not wanted', async () => {
  expect((await page(globus.environment)).status).toBe(404)
  expect((await page({ ...globus.environment, NODE_ENV: 'production', DOCS: 'on' })).status).toBe(200)
  expect((await page({ DOCS: 'off' })).status).toBe(404)
})

test('without its package it is not there, and who asks for it is told what to install', async () => {
  const absent = `import { Module } from 'node:module'
    const resolve = Module._resolveFilename
    Module._resolveFilename = (name, ...more) => {
      if (name.startsWith('@scalar/')) throw new Error('Not installed')
      return resolve(name, ...more)
    }`
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(absent)}`
  expect((await page({ NODE_OPTIONS })).status).toBe(404)
  const DATABASE_URL = `sqlite:${join(folder, 'absent.db')}`
  const { code, stderr } = await runProgram(watchasay, { DATABASE_URL, NODE_OPTIONS, DOCS: 'on' })
  expect([code, stderr]).toEqual([
    1,
    'DOCS=on needs a package that is not installed: npm install @scalar/fastify-api-reference\n',
  ])
})

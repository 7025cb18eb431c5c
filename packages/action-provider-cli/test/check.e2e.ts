import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { Machine } from './cli.ts'
import { launchBrowser } from './e2e/browser.ts'
import { pretend } from './pretend.ts'
import { createWorld, echo, type Hosted, type World, worker } from './world.ts'

let world: World
let hosted: Hosted
let alice: Machine
let bobsToken: string
let bobsFile: string

beforeAll(async () => {
  world = await createWorld()
  hosted = await world.host(echo, '/echo')
  const token = (username: string) => world.emulator.issueToken({ username, scope: hosted.scope })
  alice = await world.machine({ ACTION_TOKEN: await token('alice') })
  bobsToken = await token('bob')
  bobsFile = join(alice.folder, 'bob.token')
  await writeFile(bobsFile, `${bobsToken}\n`)
})
afterAll(async () => {
  expect(alice.printed()).not.toContain(bobsToken)
  await world.close()
})

/** What a parser of XML finds in a JUnit report: its elements, and its figures as they are and as it tells them. */
async function suitesIn(xml: string): Promise<{ names: string[]; counted: number[][]; told: number[][] }> {
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    return await page.evaluate(`(() => {
      const root = new DOMParser().parseFromString(${JSON.stringify(xml)}, 'application/xml')
      const figures = (of) => ['testcase', 'failure', 'skipped'].map((name) => of(name))
      const suites = [...root.querySelectorAll('testsuites, testsuite')]
      return {
        names: [...root.querySelectorAll('*')].map(({ nodeName }) => nodeName),
        counted: suites.map((suite) => figures((name) => suite.querySelectorAll(name).length)),
        told: suites.map((suite) => ['tests', 'failures', 'skipped'].map((name) => Number(suite.getAttribute(name)))),
      }
    })()`)
  } finally {
    await browser.close()
  }
}

describe('check', () => {
  test('ends with 0 where a provider conforms, with the input of its schema and of two callers', async () => {
    const run = await alice.run(['check', hosted.url, '--as-other-token-file', bobsFile, '-f', 'json'])
    expect(run).toMatchObject({ code: 0 })
    expect(run.stderr).toBe('Input, made from the schema; --body gives another: {"text":"text"}\n')
    const report = JSON.parse(run.stdout)
    expect(report).toMatchObject({ complete: true, left: [], failed: { must: 0, should: 0 } })
    const skipped = report.results.filter(({ outcome }: { outcome: string }) => outcome === 'skipped')
    expect(skipped.filter(({ group }: { group: string }) => group === 'Two callers')).toEqual([])
  })

  test('fits a terminal of 80 columns', async () => {
    const args = ['check', hosted.url, '-q', '--body', '{"text": "hi"}']
    const run = await alice.run(args, { terminal: true, columns: 80 })
    expect(run.code).toBe(0)
    const lines = stripVTControlCharacters(run.stdout).split(/\r?\n/)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines).toContain('Failed    0 that must pass, 0 that should')
  })

  test('ends with 1 where a provider does not, and writes JUnit XML without tokens', async () => {
    const provider = await pretend(
      { globus_auth_scope: hosted.scope, title: 'Pretender', input_schema: { type: 'object' } },
      ({ headers }, response) => response.end(headers.authorization),
    )
    const file = join(alice.folder, 'report.xml')
    const run = await alice.run(['check', provider.url, '--body', '{}', '--junit', file])
    await provider.close()
    expect(run.code).toBe(1)
    expect(run.stdout).toContain('must · run.starts')
    const xml = await readFile(file, 'utf8')
    expect(xml).toContain('<failure message="the status is 200, not 202">')
    expect(xml).not.toContain(String(alice.env.ACTION_TOKEN))
    expect(xml).toContain('Bearer ***')
    const { names, counted, told } = await suitesIn(xml)
    expect(new Set(names)).toEqual(
      new Set(['testsuites', 'testsuite', 'testcase', 'failure', 'skipped', 'system-out']),
    )
    expect(told).toEqual(counted)
  })

  test.each([
    [['--body', '{"txt": 1}'], 'The body does not fit the provider'],
    [['--only', 'nothing'], 'No check is called "nothing"'],
    [['--as-other-token-file', 'none'], 'check --as-other-token-file'],
    [['--junit', '/no/such/folder/report.xml', '--only', 'introspect'], 'check --junit'],
  ])('says what is wrong with %j', async (args, words) => {
    const run = await alice.run(['check', hosted.url, ...args])
    expect(run.code).toBe(2)
    expect(run.stderr).toContain(words)
  })

  test('releases what it started when it is interrupted', async () => {
    const { url, scope } = await world.host(worker, '/worker')
    const token = await world.emulator.issueToken({ username: 'alice', scope })
    const machine = await world.machine({ ACTION_TOKEN: token })
    const actions = async (): Promise<unknown[]> => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${url}/actions?status=active,failed`, { headers })).json() as Promise<unknown[]>
    }
    const { child, done } = machine.start(['check', url, '--body', '{"milliseconds": 600000}'])
    await eventually(async () => (await actions()).length > 0, 60_000)
    child.kill('SIGINT')
    expect(await done).toMatchObject({ code: 130, stdout: '' })
    expect(await actions()).toEqual([])
  })

  test('sends no token without TLS', async () => {
    const run = await alice.run(['check', 'http://example.org/echo'])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain('A token is not sent to http://example.org')
  })

  test('ends with 4 where nobody answers', async () => {
    expect(await alice.run(['check', 'http://127.0.0.1:9/echo'])).toMatchObject({ code: 4, stdout: '' })
  })
})

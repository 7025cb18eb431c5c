import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { checkProvider } from '../../src/check/check-provider.ts'
import { groups } from '../../src/check/checks.ts'
import { junit } from '../../src/check/junit.ts'
import { conforms, type Report, type Result } from '../../src/check/report.ts'
import type { Subject } from '../../src/check/subject.ts'
import { reportTable } from '../../src/check/table.ts'
import { tableLines } from '../../src/output/table.ts'

const checks = groups.flatMap((group) => group.checks)

test('each check has an id of its own, and cites a section of the interface that is there', () => {
  const page = readFileSync(new URL('../../../../docs/interface.md', import.meta.url), 'utf8')
  const sections = [...page.matchAll(/^#{2,} (.+)$/gm)].map(([, name]) => name)
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length)
  expect(checks.filter(({ section }) => !sections.includes(section))).toEqual([])
})

const broken: Result = {
  ...{ id: 'run.starts', group: 'Run', level: 'must', outcome: 'failed', milliseconds: 12 },
  title: 'POST /run starts an action, and answers 202 with its status document',
  note: 'the status is 500, not 202',
  sent: 'POST /tried/run as the caller, application/json: {"request_id":"1"}',
  came: '500; content-type: text/html; <h1 class="x">\u0007 ]]> & </h1>',
  section: 'run',
  says: '202 where this request started the action.',
  mend: 'Answer 202.',
}
const report: Report = {
  ...{
    url: 'https://example.org/tried',
    title: 'Tried',
    input: { text: 'text' },
    started: 3,
    left: ['an-id'],
  },
  ...{ complete: true, passed: 1, skipped: 1, failed: { must: 1, should: 1 } },
  results: [
    broken,
    { ...broken, id: 'run.number-as-id', level: 'should', title: 'a whole number is taken as a request_id' },
    {
      ...broken,
      id: 'log.page',
      group: 'Log',
      outcome: 'skipped',
      title: 'a log page',
      note: 'log_supported is false',
    },
    { ...broken, id: 'log.order', group: 'Log', outcome: 'passed', title: 'the order', note: '3 entries' },
  ],
}

test('as a table it fits 80 columns', () => {
  const lines = tableLines(reportTable(report), 80)
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(lines.join('\n')).toMatchSnapshot()
})

test('as JUnit, only what must hold is a failure, and nothing breaks the XML', () => {
  const xml = junit({
    ...report,
    results: report.results.map((each) => ({ ...each, note: '\ud800\u0007"<' })),
  })
  expect(xml).toMatchSnapshot()
  // What XML 1.0 cannot write, escaped or not.
  for (const character of ['\u0007', '\ud800', '&#7;']) expect(xml).not.toContain(character)
  expect(xml.match(/<failure /g)).toHaveLength(1)
})

test('what should hold and does not is no reason to fail', () => {
  expect(conforms(report)).toBe(false)
  expect(conforms({ ...report, failed: { must: 0, should: 4 } })).toBe(true)
})

test('a provider that never answers is given up when the time is up', async () => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/tried`)
  const options = { url, description: {}, input: {}, token: 'a-token-of-nobody', timeLimit: 200 }
  const { complete, results } = await checkProvider(options)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  expect(complete).toBe(false)
  expect(results).toHaveLength(checks.length)
})

test.each([
  ['flows.https', 'the URL is http://example.org/tried'],
  ['flows.run-speed', 'it took 60000 ms'],
  ['flows.status-speed', 'it took 60000 ms'],
])('%s names what a server on this machine cannot show', async (id, problem) => {
  const slow = { milliseconds: 60_000 }
  const subject = {
    url: new URL('http://example.org/tried'),
    send: async () => slow,
    shared: async () => ({ id: 'an-id', answer: slow }),
  }
  const check = checks.find((each) => each.id === id)
  await expect(check?.verify(subject as unknown as Subject)).rejects.toThrow(problem)
})

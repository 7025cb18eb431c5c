import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics, openStore, ServiceUnavailable } from '../../src/index.ts'
import { emulateGlobus } from '../auth/emulated-globus.ts'
import { serveSeen, untilSettled, work } from './seen.ts'

/** The alerts for Prometheus, and what the runbook says of each. */

type Alert = { alert: string; expr: string; labels: { severity: string }; annotations: { summary: string } }

const docs = new URL('../../../../docs/', import.meta.url)
const { groups } = parse(readFileSync(new URL('prometheus/alerts.yml', docs), 'utf8')) as {
  groups: { rules: Alert[] }[]
}
const alerts = groups.flatMap(({ rules }) => rules)

test('each metric and label of an alert is one that a provider shows', async () => {
  const globus = await emulateGlobus()
  onTestFinished(globus.close)
  const metrics = createMetrics()
  const store = await openStore('sqlite::memory:')
  const list = (): Promise<never> => Promise.reject(new ServiceUnavailable('away'))
  const auth = globus.auth({ onCall: metrics.authCall })
  const served = await serveSeen(work, auth, { metrics, store: { ...store, list } })
  const token = await globus.token('alice')
  await served.ask(token, 'GET', '/p/actions')
  const { json } = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
  await untilSettled(served, token, json.action_id)
  const { text } = await served.ask(undefined, 'GET', '/metrics')
  const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  // What Prometheus adds to every series.
  const labels = new Set(['instance', 'job', ...[...text.matchAll(/[{,](\w+)=/g)].map(([, label]) => label)])

  expect(alerts.length).toBeGreaterThan(10)
  for (const { alert, expr, annotations } of alerts) {
    const asked = expr.match(/\b(action_provider|process|nodejs)_\w+/g) ?? []
    expect(asked.length > 0 || expr.startsWith('up{'), alert).toBe(true)
    for (const name of asked) expect(names, alert).toContain(name.replace(/_bucket$/, ''))
    const used = [
      ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by = '']) => by.split(/, */)),
      ...[...expr.matchAll(/(\w+)[!=]~?"/g)].map(([, label]) => label),
      ...[...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label),
    ]
    expect(
      used.filter((label) => !labels.has(label)),
      alert,
    ).toEqual([])
  }
})

test('the runbook says what to do at each alert, and of no other', () => {
  const runbook = readFileSync(new URL('runbook.md', docs), 'utf8')
  const sections = [...runbook.matchAll(/^## (ActionProvider\w+)$/gm)].map(([, name]) => name)
  expect(sections).toEqual(alerts.map(({ alert }) => alert))
})

test('each alert says what is wrong, and whether it may wait', () => {
  for (const { alert, labels, annotations } of alerts) {
    expect(['page', 'ticket'], alert).toContain(labels.severity)
    expect(annotations.summary.length, alert).toBeLessThan(100)
  }
})

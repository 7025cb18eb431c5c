import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { createMetrics, openStore, ServiceUnavailable } from '../../src/index.ts'
import { emulateGlobus } from '../auth/emulated-globus.ts'
import { serveSeen, untilSettled, work } from './seen.ts'

/** What is given to operators for their monitoring asks for what a provider shows. */

const docs = new URL('../../../../docs/', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, docs), 'utf8')

/** The names of all series, and of their labels. */
type Shown = { names: Set<string>; labels: Set<string> }

/** What a provider shows that has done something of each kind. */
async function shownMetrics(): Promise<Shown> {
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
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
  )
  const labels = [...text.matchAll(/[{,](\w+)=/g)].map(([, label = '']) => label)
  // Prometheus adds two to every series.
  return { names: new Set(names), labels: new Set([...labels, 'instance', 'job']) }
}

/** The series that a query asks for. */
const seriesIn = (query: string): string[] => query.match(/\b(action_provider|process|nodejs)_\w+/g) ?? []

/** The labels that a query goes by. */
const labelsIn = (query: string): string[] => [
  ...[...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by = '']) => by.split(/, */)),
  ...[...query.matchAll(/(\w+)[!=]~?"/g)].map(([, label = '']) => label),
]

test('the dashboard asks for metrics and labels that are there, and shows all of ours', async () => {
  const { names, labels } = await shownMetrics()
  const dashboard = JSON.parse(read('grafana/action-provider.json'))
  const queries: string[] = dashboard.panels.flatMap((panel: { targets?: { expr: string }[] }) =>
    (panel.targets ?? []).map(({ expr }) => expr),
  )
  const asked = new Set(queries.flatMap(seriesIn))
  expect(asked.size).toBeGreaterThan(15)
  expect([...asked].filter((name) => !names.has(name))).toEqual([])
  expect(queries.flatMap(labelsIn).filter((label) => !labels.has(label))).toEqual([])
  const ours = [...names].filter((name) => name.startsWith('action_provider_') && !/_(sum|count)$/.test(name))
  expect(ours.filter((name) => !asked.has(name))).toEqual([])
})

describe('the alerts', () => {
  type Alert = {
    alert: string
    expr: string
    labels: { severity: string }
    annotations: { summary: string }
  }
  let alerts: Alert[]
  beforeAll(() => {
    const { groups } = parse(read('prometheus/alerts.yml')) as { groups: { rules: Alert[] }[] }
    alerts = groups.flatMap(({ rules }) => rules)
  })

  test('ask for metrics and labels that are there', async () => {
    const { names, labels } = await shownMetrics()
    expect(alerts.length).toBeGreaterThan(10)
    for (const { alert, expr, annotations } of alerts) {
      const asked = seriesIn(expr)
      expect(asked.length > 0 || expr.startsWith('up{'), alert).toBe(true)
      for (const name of asked) expect(names, alert).toContain(name)
      const told = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label)
      const unknown = [...labelsIn(expr), ...told].filter((label) => !labels.has(label))
      expect(unknown, alert).toEqual([])
    }
  })

  test('each have a section in the runbook, which has no other', () => {
    const sections = [...read('runbook.md').matchAll(/^## (ActionProvider\w+)$/gm)].map(([, name]) => name)
    expect(sections).toEqual(alerts.map(({ alert }) => alert))
  })

  test('say what is wrong, and whether it may wait', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(['page', 'ticket'], alert).toContain(labels.severity)
      expect(annotations.summary.length, alert).toBeLessThan(100)
    }
  })
})

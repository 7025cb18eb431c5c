import type { Table } from '../output/table.ts'
import type { Report, Result } from './report.ts'

/** A report for people: one line per check, then the faults, then a summary. */
export function reportTable(report: Report): Table {
  const names = [...new Set(report.results.map(({ group }) => group))]
  const groups = names.map((title) => ({
    title,
    table: {
      kind: 'fields' as const,
      fields: report.results.filter(({ group }) => group === title).map(line),
    },
  }))
  const failed = report.results.filter(({ outcome }) => outcome === 'failed')
  return {
    kind: 'sections',
    sections: [
      ...groups,
      ...failed.map((result) => ({ title: `${result.level} · ${result.id}`, table: finding(result) })),
      { table: summary(report) },
    ],
  }
}

const WIDEST = 'skipped'.length

function line({ outcome, level, title, note }: Result): readonly [string, string] {
  const word =
    outcome === 'failed' ? (level === 'must' ? 'MUST' : 'should') : outcome === 'passed' ? 'ok' : outcome
  const shown = note === undefined || outcome === 'failed' ? title : `${title} (${note})`
  return [word.padEnd(WIDEST), shown]
}

function finding({ title, note, sent, came, section, says, mend }: Result): Table {
  return {
    kind: 'fields',
    fields: [
      ['Rule', title],
      ['Problem', note],
      ['Sent', sent],
      ['Came', came],
      ['Interface', `${section}: ${says}`],
      ['Mend', mend],
    ],
  }
}

function summary({ url, title, input, started, left, passed, skipped, failed }: Report): Table {
  return {
    kind: 'fields',
    fields: [
      ['Provider', `${title} at ${url}`],
      ['Input', JSON.stringify(input)],
      ['Actions', left.length === 0 ? `${started} started, and released` : `${started} started`],
      ['Left', left.length === 0 ? undefined : `${left.join(', ')}: release them if they are of this check`],
      ['Checks', `${passed} passed, ${skipped} skipped`],
      ['Failed', `${failed.must} that must pass, ${failed.should} that should`],
    ],
  }
}

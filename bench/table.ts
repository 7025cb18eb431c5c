import { type Figure, isMet } from './figure.ts'

const COLUMNS = ['figure', 'measured', 'limit', 'ratio', 'must', 'ok', 'note'] as const

/** The figures as a Markdown table. */
export function table(figures: readonly Figure[]): string {
  const rows = [COLUMNS, COLUMNS.map(() => ''), ...figures.map(cells)]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row, line) => {
      const padded = widths.map((width, column) =>
        line === 1 ? '-'.repeat(width) : (row[column] ?? '').padEnd(width),
      )
      return `| ${padded.join(' | ')} |\n`
    })
    .join('')
}

function cells(figure: Figure): string[] {
  const { name, unit, measured, limit, ratio, must, note = '' } = figure
  const met = isMet(figure)
  const bound = must && ('least' in must ? `≥ ${must.least}` : `≤ ${must.most}`)
  return [
    name,
    `${written(measured)} ${unit}`,
    limit ? `${written(limit.value)} (${limit.name})` : '',
    ratio === undefined ? '' : ratio.toFixed(2),
    bound ?? 'stated',
    met === undefined ? '' : met ? 'yes' : 'NO',
    note,
  ]
}

/** @example written(12345.6) // '12,346' */
export function written(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

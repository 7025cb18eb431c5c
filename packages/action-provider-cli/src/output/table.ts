import { styleText } from 'node:util'
import { printable } from './printable.ts'

/** A result as people read it. */
export type Table =
  | { kind: 'fields'; fields: readonly (readonly [name: string, value: string | undefined])[] }
  | { kind: 'rows'; columns: readonly string[]; rows: readonly (readonly string[])[]; empty: string }
  | { kind: 'sections'; sections: readonly { title?: string; table: Table }[] }

/** Lays a table out as lines. Fields without a value are left out. */
export function tableLines(table: Table): string[] {
  switch (table.kind) {
    case 'fields':
      return fieldLines(table.fields)
    case 'rows':
      return table.rows.length === 0 ? [table.empty] : rowLines(table.columns, table.rows)
    case 'sections':
      return table.sections.flatMap(({ title, table: inner }, index) => [
        ...(index > 0 ? [''] : []),
        ...(title === undefined ? [] : [heading(title)]),
        ...tableLines(inner),
      ])
  }
}

function fieldLines(fields: readonly (readonly [string, string | undefined])[]): string[] {
  const given = fields.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [{ name, value }],
  )
  const width = Math.max(0, ...given.map(({ name }) => name.length))
  return given.flatMap(({ name, value }) => {
    const [first = '', ...further] = value.split('\n').map(styled)
    return [
      `${heading(name.padEnd(width))}  ${first}`,
      ...further.map((line) => `${' '.repeat(width)}  ${line}`),
    ]
  })
}

function rowLines(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(printable))
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((row) => [...(row[index] ?? '')].length)),
  )
  const line = (row: readonly string[], style: (text: string) => string): string =>
    row
      .map((cell, index) => style(cell) + ' '.repeat(Math.max(0, (widths[index] ?? 0) - [...cell].length)))
      .join('  ')
      .trimEnd()
  return [line(columns, heading), ...cells.map((row) => line(row, styled))]
}

const heading = (text: string): string => styleText('bold', text)

const statusColours = { ACTIVE: 'cyan', INACTIVE: 'yellow', SUCCEEDED: 'green', FAILED: 'red' } as const

/** The four states have their colours; `styleText` itself leaves colours out where they are not wanted. */
function styled(value: string): string {
  const text = printableLine(value)
  const colour = Object.hasOwn(statusColours, text)
    ? statusColours[text as keyof typeof statusColours]
    : undefined
  return colour === undefined ? text : styleText(colour, text)
}

/** Unlike `printable`, it keeps the spaces that indent a line. */
function printableLine(line: string): string {
  return ' '.repeat(line.length - line.trimStart().length) + printable(line)
}

import { styleText } from 'node:util'
import { printable } from './printable.ts'
import { columnWidths, length, wrapped, wrappedCell } from './wrap.ts'

/** A result for people. */
export type Table =
  | { kind: 'fields'; fields: readonly (readonly [name: string, value: string | undefined])[] }
  | { kind: 'rows'; columns: readonly string[]; rows: readonly (readonly string[])[]; empty: string }
  | { kind: 'sections'; sections: readonly { title?: string; table: Table }[] }

const GAP = '  '

/**
 * Lays a table out as lines. Fields without a value are left out.
 *
 * @param width the width of a line; without it, as without a terminal, lines are not wrapped
 */
export function tableLines(table: Table, width = Number.POSITIVE_INFINITY): string[] {
  switch (table.kind) {
    case 'fields':
      return fieldLines(table.fields, width)
    case 'rows':
      return table.rows.length === 0
        ? wrapped(table.empty, width)
        : rowLines(table.columns, table.rows, width)
    case 'sections':
      return table.sections.flatMap(({ title, table: inner }, index) => [
        ...(index > 0 ? [''] : []),
        ...(title === undefined ? [] : [heading(title)]),
        ...tableLines(inner, width),
      ])
  }
}

function fieldLines(fields: readonly (readonly [string, string | undefined])[], width: number): string[] {
  const present = fields.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [{ name, value }],
  )
  const names = Math.max(0, ...present.map(({ name }) => name.length))
  return present.flatMap(({ name, value }) => {
    const whole = value.split('\n').map(printableLine)
    const beside = whole.flatMap((line) => wrapped(line, width - names - GAP.length))
    if (beside.every((line) => length(line) <= width - names - GAP.length)) {
      return beside.map(
        (line, index) =>
          `${index === 0 ? heading(name.padEnd(names)) : ' '.repeat(names)}${GAP}${styled(line)}`,
      )
    }
    // A value that is too long beside its name, such as a scope, may fit below it.
    const below = whole.flatMap((line) => wrapped(line, width - GAP.length))
    return [heading(name), ...below.map((line) => GAP + styled(line))]
  })
}

function rowLines(columns: readonly string[], rows: readonly (readonly string[])[], width: number): string[] {
  const cells = rows.map((row) => row.map(printable))
  const widths = columnWidths([columns, ...cells], width, GAP.length)
  const lines = (row: readonly string[], style: (text: string) => string): string[] => {
    const parts = row.map((cell, index) => wrappedCell(cell, Math.max(1, widths[index] ?? 1)))
    const height = Math.max(...parts.map((part) => part.length))
    return Array.from({ length: height }, (_, line) =>
      parts
        .map((part, index) => {
          const text = part[line] ?? ''
          return style(text) + ' '.repeat(Math.max(0, (widths[index] ?? 0) - length(text)))
        })
        .join(GAP)
        .trimEnd(),
    )
  }
  return [...lines(columns, heading), ...cells.flatMap((row) => lines(row, styled))]
}

const heading = (text: string): string => (text === '' ? '' : styleText('bold', text))

/** Colours of the four states. `styleText` leaves them out if colours are disabled. */
export const statusColours = {
  ACTIVE: 'cyan',
  INACTIVE: 'yellow',
  SUCCEEDED: 'green',
  FAILED: 'red',
} as const

function styled(text: string): string {
  return Object.hasOwn(statusColours, text)
    ? styleText(statusColours[text as keyof typeof statusColours], text)
    : text
}

/** Unlike `printable`, it keeps the spaces that indent a line. */
function printableLine(line: string): string {
  return ' '.repeat(line.length - line.trimStart().length) + printable(line)
}

/** Words longer than this are broken if a column is too narrow. Ids and most names stay whole. */
const LONGEST_WORD = 40

/**
 * Breaks a line between words; further lines keep its indent. A word that is longer than a line stays whole,
 * so that URLs can be copied.
 *
 * @example wrapped('one two three', 8) // ['one two', 'three']
 */
export function wrapped(line: string, width: number): string[] {
  if (length(line) <= width) return [line]
  const indent = ' '.repeat(Math.min(line.length - line.trimStart().length, Math.floor(width / 2)))
  const lines: string[] = []
  let current = indent
  for (const word of line.trim().split(' ')) {
    const longer = current.trim() === '' ? current + word : `${current} ${word}`
    if (length(longer) <= width || current.trim() === '') {
      current = longer
      continue
    }
    lines.push(current)
    current = indent + word
  }
  return [...lines, current]
}

/** As `wrapped`, but longer words are broken: for a cell that has others beside it. */
export function wrappedCell(text: string, width: number): string[] {
  return wrapped(text, width).flatMap((line) => {
    const characters = [...line]
    const parts = Math.max(1, Math.ceil(characters.length / width))
    return Array.from({ length: parts }, (_, part) =>
      characters.slice(part * width, (part + 1) * width).join(''),
    )
  })
}

/**
 * The widths of a table's columns: what their cells need. If that is too wide in all, the widest columns
 * shrink, down to their longest word.
 */
export function columnWidths(rows: readonly (readonly string[])[], width: number, gap: number): number[] {
  const columns = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, index) =>
    rows.map((row) => row[index] ?? ''),
  )
  const widths = columns.map((cells) => Math.max(...cells.map(length)))
  const least = columns.map((cells, index) => {
    const words = cells.flatMap((cell) => cell.split(' ')).map(length)
    return Math.min(widths[index] ?? 0, LONGEST_WORD, Math.max(...words))
  })
  const room = width - gap * (columns.length - 1)
  for (let excess = sum(widths) - room; excess > 0; excess--) {
    const widest = indexOfMost(widths.map((each, index) => (each > (least[index] ?? 0) ? each : -1)))
    if (widest === -1) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

export function length(text: string): number {
  return [...text].length
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

function indexOfMost(numbers: readonly number[]): number {
  const most = Math.max(-1, ...numbers)
  return most < 0 ? -1 : numbers.indexOf(most)
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { columnWidths, length, wrapped, wrappedCell } from './wrap.ts'

const line = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { maxLength: 30 }).map((words) => words.join(' '))

describe('wrapped', () => {
  test('breaks at words alone, and loses none', () => {
    fc.assert(
      fc.property(line, fc.integer({ min: 12, max: 90 }), (text, width) => {
        const lines = wrapped(text, width)
        expect(lines.join(' ')).toBe(text)
        for (const each of lines) expect(length(each)).toBeLessThanOrEqual(width)
      }),
    )
  })
  test('keeps the indent, and words that are longer than a line', () => {
    expect(wrapped('  one two three', 9)).toEqual(['  one two', '  three'])
    expect(wrapped('see https://example.org/long now', 10)).toEqual([
      'see',
      'https://example.org/long',
      'now',
    ])
  })
})

describe('a cell', () => {
  test('is never wider than its column', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const lines = wrappedCell(text, width)
        for (const each of lines) expect(length(each)).toBeLessThanOrEqual(width)
      }),
    )
  })
})

describe('columns', () => {
  const id = '01a20c54-afee-7573-a4b8-bc10d3f580b6'
  test('need what their cells need where there is room', () => {
    expect(
      columnWidths(
        [
          ['a', 'bbb'],
          ['cc', 'd'],
        ],
        80,
        2,
      ),
    ).toEqual([2, 3])
  })
  test('give way, the widest first, and ids stay whole', () => {
    expect(columnWidths([[id, 'SUCCEEDED', 'some words and more of them, many']], 70, 2)).toEqual([36, 9, 21])
  })
})

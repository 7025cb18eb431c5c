import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numberText, parseExactly } from '../src/thread/exact-json.ts'
import { createTree, type Tree } from '../src/thread/tree.ts'

describe('JSON', () => {
  test.each(['12345678901234567890', '0.10', '1e400', '-0', '1E5', '0.1234567890123456789'])(
    'keeps the number %s as it is',
    (number) => {
      const value = parseExactly(`{"a":[${number}]}`) as { a: unknown[] }
      expect(numberText(value.a[0])).toBe(number)
      expect(JSON.stringify(value)).toBe(`{"a":[${number}]}`)
    },
  )

  test('is what it is otherwise', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(JSON.stringify(parseExactly(text)))).toEqual(JSON.parse(text))
      }),
    )
  })
})

describe('a tree', () => {
  const names = (tree: Tree): (string | undefined)[] => tree.rows(0, tree.count).map(({ name }) => name)

  test('shows what is open alone', () => {
    const tree = createTree({ a: [1, { b: 2 }], c: 'text' })
    expect(names(tree)).toEqual([undefined, 'a', 'c'])
    tree.toggle(1)
    expect(names(tree)).toEqual([undefined, 'a', '0', '1', 'c'])
    tree.toggle(3)
    expect(names(tree)).toEqual([undefined, 'a', '0', '1', 'b', 'c'])
    expect(tree.parent(4)).toBe(3)
    tree.toggle(1)
    expect(names(tree)).toEqual([undefined, 'a', 'c'])
  })

  test('keeps open what is still there when it is another', () => {
    const tree = createTree({ a: [1], b: 1 })
    tree.toggle(1)
    tree.replace({ a: [1, 2], b: 2, c: 3 })
    expect(names(tree)).toEqual([undefined, 'a', '0', '1', 'b', 'c'])
  })

  test('has a row for each part of a long text, and none is lost', () => {
    const text = `${'x'.repeat(1_000)}\nand more`
    const tree = createTree(text)
    const parts = tree.rows(1, tree.count).map((row) => row.text)
    expect(parts.join('')).toBe(text.replace('\n', ''))
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(160)
    expect(tree.text(0)).toBe(text)
  })

  test('opened all the way has as many rows as the value has values', () => {
    const count = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? Object.values(value).reduce<number>((sum, each) => sum + count(each), 1)
        : 1
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), (text) => {
        const value: unknown = JSON.parse(text)
        const tree = createTree(value)
        for (let row = 0; row < tree.count; row++) {
          const [shown] = tree.rows(row, row + 1)
          if (shown?.open === false && shown.kind !== 'text') tree.toggle(row)
        }
        expect(tree.count).toBe(count(value))
      }),
    )
  })
})

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileInput } from './compile-input.ts'

const { validate } = compileInput({ type: 'object', properties: { list: { uniqueItems: true } } })

async function isUnique(list: unknown[]): Promise<boolean> {
  return (await validate({ list })).ok
}

const small = fc.oneof(fc.constantFrom(0, 1, '0', 'a', '', null, true, false), fc.constant('__proto__'))
const item = fc.oneof(
  small,
  fc.array(small, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom('a', 'b', '0', '__proto__'), small, { maxKeys: 2, noNullPrototype: true }),
)

test('finds equal items, whatever they are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 5 }), async (list) => {
      const json: unknown[] = JSON.parse(JSON.stringify(list))
      const unique = json.every(
        (one, index) => !json.slice(0, index).some((other) => isDeepStrictEqual(one, other)),
      )
      expect(await isUnique(json)).toBe(unique)
    }),
  )
})

test('takes the order of properties for nothing, and an object for no array', async () => {
  expect(
    await isUnique([
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ]),
  ).toBe(false)
  expect(await isUnique([{ a: 1 }, [['a', 1]]])).toBe(true)
})

test('is quick with very many items', async () => {
  expect(await isUnique(Array.from({ length: 100_000 }, (_, index) => [index]))).toBe(true)
})

describe('const and enum', () => {
  const values: unknown[] = [{ a: [null] }, { toString: false }, { valueOf: 1, b: 2 }, [1, [2]], 'x', 0, null]
  const byConst = values.map((value) => compileInput({ properties: { v: { const: value } } }))
  const { validate: byEnum } = compileInput({ properties: { v: { enum: values } } })

  test('compare by value, whatever the names of properties', async () => {
    for (const [index, value] of values.entries()) {
      const copy = JSON.parse(JSON.stringify({ v: value }))
      expect((await byEnum(copy)).ok).toBe(true)
      for (const [other, { validate }] of byConst.entries()) {
        expect((await validate(copy)).ok).toBe(other === index)
      }
    }
    for (const v of [{ toString: true }, { b: 2 }, { a: [] }, [1, [3]], -1, 'y', false]) {
      expect((await byEnum({ v })).ok).toBe(false)
    }
    expect((await byEnum({ v: { b: 2, valueOf: 1 } })).ok).toBe(true)
  })
})

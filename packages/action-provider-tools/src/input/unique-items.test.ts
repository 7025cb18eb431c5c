import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
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

it('finds equal items, whatever they are', async () => {
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

it('takes the order of properties for nothing, and an object for no array', async () => {
  expect(
    await isUnique([
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ]),
  ).toBe(false)
  expect(await isUnique([{ a: 1 }, [['a', 1]]])).toBe(true)
})

it('is quick with very many items', async () => {
  expect(await isUnique(Array.from({ length: 100_000 }, (_, index) => [index]))).toBe(true)
})

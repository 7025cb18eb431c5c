import { expect, test } from 'vitest'
import { withinTime } from './within-time.ts'

test('gives what the work gives, and throws what it throws', () => {
  const result = {}
  expect(withinTime(() => result)).toBe(result)
  const fault = new Error('x')
  expect(() =>
    withinTime(() => {
      throw fault
    }),
  ).toThrow(fault)
})

test('stops what does not end: loops, expressions and recursion; and the next work is done', () => {
  const deeper = (): object => deeper()
  for (const endless of [
    () => {
      for (;;);
    },
    () => ({ matches: /^(a+)+$/.test(`${'a'.repeat(50)}!`) }),
    deeper,
  ]) {
    expect(withinTime(endless)).toBeUndefined()
    expect(withinTime(() => [1])).toEqual([1])
  }
})

import { expect, test } from 'vitest'
import { concurrencyLimits } from './concurrency.ts'

const key = (): string => 'a'

test.each([
  ['4', "'concurrency' must be a whole number of at least 1, or an object"],
  [null, "'concurrency' must be a whole number of at least 1, or an object"],
  [0, "'concurrency' must be a whole number of at least 1"],
  [{ instance: 1.5 }, "'concurrency.instance' must be a whole number of at least 1"],
  [{ perCaller: 0 }, "'concurrency.perCaller' must be a whole number of at least 1"],
  [{ key, perKey: Number.NaN }, "'concurrency.perKey' must be a whole number of at least 1"],
  [{ key: 'cluster', perKey: 1 }, "'concurrency.key' must be a function"],
  [{ perKey: 1 }, "'concurrency.key' says what 'concurrency.perKey' limits"],
  [{ key }, "'concurrency.key' says what 'concurrency.perKey' limits"],
])('%j is refused in words', (given, message) => {
  expect(() => concurrencyLimits(given as never)).toThrow(message)
})

test('a number is what runs on one instance, and nothing else', () => {
  expect(concurrencyLimits(4)).toMatchObject({ instance: 4 })
  expect(concurrencyLimits(4).limits).toBeUndefined()
  expect(concurrencyLimits({}).instance).toBe(100)
  expect(concurrencyLimits({ perCaller: 2 })).toMatchObject({ instance: 100, limits: { perCaller: 2 } })
})

test('a key is as it was given, or by its digest where no database could keep it', () => {
  const keyOf = (key: unknown): string | undefined =>
    concurrencyLimits({ key: () => key as string, perKey: 1 }).keyOf({})
  expect(keyOf('cluster-1')).toBe('cluster-1')
  expect(keyOf(undefined)).toBeUndefined()
  expect(keyOf('')).toBeUndefined()
  expect(keyOf('x'.repeat(10_000))).toMatch(/^sha256 [0-9a-f]{64}$/)
  expect(keyOf('a\0b')).not.toBe(keyOf('a\0c'))
  expect(() => keyOf(7)).toThrow("'concurrency.key' must give a text, not number")
})

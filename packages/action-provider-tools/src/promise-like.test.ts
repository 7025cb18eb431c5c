import { describe, expect, test } from 'vitest'
import { whenKnown } from './promise-like.ts'

describe('whenKnown', () => {
  test('goes on at once with what is known', () => {
    expect(whenKnown(1, (value) => value + 1)).toBe(2)
    expect(whenKnown(undefined, (value) => [value])).toEqual([undefined])
  })

  test('waits for a promise, and fails as it does', async () => {
    await expect(whenKnown(Promise.resolve(1), (value) => value + 1)).resolves.toBe(2)
    await expect(whenKnown(Promise.reject(new Error('no')), () => 'yes')).rejects.toThrow('no')
  })

  test('waits for what only behaves like a promise: a refusal must not be passed over', async () => {
    const refusal: PromiseLike<string> = {
      // biome-ignore lint/suspicious/noThenProperty: this is what the test is about
      then: (_, refuse) => Promise.reject(new Error('no')).then(undefined, refuse),
    }
    await expect(whenKnown(refusal, () => 'yes')).rejects.toThrow('no')
  })
})

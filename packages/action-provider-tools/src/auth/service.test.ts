import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { retryPause } from './service.ts'

describe('the pause before a retry', () => {
  test('doubles up to a second, by chance more or less', () => {
    for (const [retry, bound] of [100, 200, 400, 800, 1_000, 1_000].entries()) {
      const pauses = Array.from({ length: 200 }, () => retryPause(retry) ?? Number.NaN)
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0)
      expect(Math.min(...pauses)).toBeLessThan(bound / 2)
      expect(Math.max(...pauses)).toBeGreaterThan(bound / 2)
      expect(Math.max(...pauses)).toBeLessThanOrEqual(bound)
    }
  })

  test('is as long as the service asks for and little longer, unless that is more than a second', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.nat(2_000), (retry, asked) => {
        const pause = retryPause(retry, asked)
        if (asked > 1_000) expect(pause).toBeUndefined()
        else {
          expect(pause).toBeGreaterThanOrEqual(asked)
          expect(pause).toBeLessThanOrEqual(asked + Math.min(1_000, 100 * 2 ** retry))
        }
      }),
    )
  })
})

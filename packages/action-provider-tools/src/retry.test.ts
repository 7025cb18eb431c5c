import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoff, fullyJittered, parseRetryAfter, retryAfterSeconds } from './retry.ts'

const milliseconds = fc.integer({ min: 1, max: 100_000 })

test('a wait doubles with each failure up to the most, or is up to half as short', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), milliseconds, milliseconds, (failures, first, most) => {
      const wait = Math.min(first * 2 ** (failures - 1), most)
      const jittered = backoff(failures, { first, most })
      expect(jittered).toBeGreaterThanOrEqual(wait / 2)
      expect(jittered).toBeLessThanOrEqual(wait)
      expect(backoff(failures, { first, most, jitter: fullyJittered })).toBeLessThan(wait)
    }),
  )
})

test('Retry-After is never shorter than the wait, and is read back as seconds or as a date', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), (wait) => {
      const seconds = retryAfterSeconds(wait)
      expect(seconds).toBeGreaterThanOrEqual(1)
      expect(parseRetryAfter(`${seconds}`)).toBeGreaterThanOrEqual(wait)
    }),
  )
  expect(parseRetryAfter('Thu, 01 Jan 1970 00:00:00 GMT')).toBe(0)
  expect(parseRetryAfter('soon')).toBeUndefined()
  expect(parseRetryAfter(null)).toBeUndefined()
})

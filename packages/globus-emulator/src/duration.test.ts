import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, readDuration } from './duration.ts'

test('a duration is read as it is written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999 }), (span) => {
      expect(readDuration(formatDuration(span))).toBe(span)
    }),
  )
  expect(['30s', '10m', '12h', '2d', '45'].map(readDuration)).toEqual([30, 600, 43_200, 172_800, 45])
  expect(formatDuration(172_800)).toBe('2d')
})

test.each(['', '0', '0s', '-1', '1.5h', '10 m', '1w', 'soon'])('%j is not a duration', (text) => {
  expect(readDuration(text)).toBeUndefined()
})

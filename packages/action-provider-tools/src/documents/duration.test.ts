import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, isDuration, MAXIMUM_DURATION, parseDuration } from './duration.ts'

describe('a duration', () => {
  test('comes back as it was written, to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAXIMUM_DURATION }), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds / 1000))).toBe(milliseconds)
      }),
    )
  })

  test('is the sum of its parts', () => {
    const amount = fc.integer({ min: 0, max: 99 })
    fc.assert(
      fc.property(
        fc.tuple(amount, amount, amount, amount, amount, amount, amount),
        ([y, mo, w, d, h, m, s]) => {
          const days = y * 365 + mo * 30 + w * 7 + d
          expect(parseDuration(`P${y}Y${mo}M${w}W${d}DT${h}H${m}M${s}S`)).toBe(
            (days * 86_400 + h * 3600 + m * 60 + s) * 1000,
          )
        },
      ),
    )
  })

  test.each([
    ['PT1H', 3_600_000],
    ['P30D', 2_592_000_000],
    ['P1W', 604_800_000],
    ['P1DT0.5S', 86_400_500],
    ['PT0S', 0],
    ['P1.5D', 129_600_000],
    ['P1000Y', MAXIMUM_DURATION],
  ])('%s is %i ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  test.each([
    ...[
      '',
      'P',
      'PT',
      'P1',
      '1D',
      'P1S',
      'PT1D',
      'P-1D',
      '-P1D',
      '+P1D',
      'P1DT',
      'P1M1Y',
      'p1d',
      'P1,5D',
      'P1.D',
      'P.5D',
    ],
    ...['P1D ', ' P1D', 'P1D\n', 'PT1H1H', 'P1000YT1S', `P${'9'.repeat(400)}D`, 'P١D', '3600'],
  ])('%j is none', (text) => {
    expect(isDuration(text)).toBe(false)
    expect(() => parseDuration(text)).toThrow(RangeError)
  })

  test.each([
    [3600, 'PT1H'],
    [90.5, 'PT1M30.5S'],
    [2_592_000, 'P30D'],
    [0, 'PT0S'],
    [0.0004, 'PT0S'],
    [93_784.005, 'P1DT2H3M4.005S'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })

  test('is neither negative nor longer than 1,000 years', () => {
    for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY, MAXIMUM_DURATION / 1000 + 1]) {
      expect(() => formatDuration(seconds)).toThrow(RangeError)
    }
  })
})

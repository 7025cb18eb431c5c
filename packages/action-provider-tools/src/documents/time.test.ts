import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { formatTime, isTime, LATEST_TIME, parseTime } from './time.ts'

const EARLIEST_TIME = Date.parse('0000-01-01T00:00:00Z')

describe('a time', () => {
  test('is not an empty text, before any was written either', async () => {
    vi.resetModules()
    const fresh = await import('./time.ts')
    expect(fresh.isTime('')).toBe(false)
    fresh.formatTime(0)
    expect(fresh.isTime('')).toBe(false)
  })

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: EARLIEST_TIME, max: LATEST_TIME }), (time) => {
        expect(parseTime(formatTime(time))).toBe(time)
        expect(formatTime(time)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      }),
    )
  })

  test('is the same moment at any offset', () => {
    const offset = fc.integer({ min: -1439, max: 1439 })
    const within = { min: EARLIEST_TIME + 86_400_000, max: LATEST_TIME - 86_400_000 }
    fc.assert(
      fc.property(fc.integer(within), offset, (time, minutes) => {
        const local = formatTime(time + minutes * 60_000).slice(0, -1)
        const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')
        const rest = String(Math.abs(minutes) % 60).padStart(2, '0')
        expect(parseTime(`${local}${minutes < 0 ? '-' : '+'}${hours}:${rest}`)).toBe(time)
      }),
    )
  })

  test.each([
    ['2030-01-31T12:00:00+01:00', '2030-01-31T11:00:00.000Z'],
    ['2030-01-31t12:00:00z', '2030-01-31T12:00:00.000Z'],
    ['2030-01-31T12:00:00.5Z', '2030-01-31T12:00:00.500Z'],
    ['2030-01-31T12:00:00.123999999Z', '2030-01-31T12:00:00.123Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2016-12-31T15:59:60-08:00', '2017-01-01T00:00:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0050-01-01T00:00:00Z', '0050-01-01T00:00:00.000Z'],
    ['2030-01-31T12:00:00-00:00', '2030-01-31T12:00:00.000Z'],
  ])('%s is %s', (text, written) => {
    expect(formatTime(parseTime(text))).toBe(written)
  })

  test.each([
    ...[
      '',
      'now',
      '2030',
      '2030-01-31',
      '2030-01-31T12:00:00',
      '2030-01-31 12:00:00Z',
      '2030-1-31T12:00:00Z',
    ],
    ...['2030-02-30T12:00:00Z', '2023-02-29T12:00:00Z', '2030-13-01T12:00:00Z', '2030-00-01T12:00:00Z'],
    ...['2030-01-31T24:00:00Z', '2030-01-31T12:60:00Z', '2030-01-31T12:00:61Z', '2030-01-31T12:00:60Z'],
    ...[
      '2030-01-31T12:00:00+24:00',
      '2030-01-31T12:00:00+01:60',
      '2030-01-31T12:00:00+0100',
      '2030-01-31T12:00Z',
    ],
    ...['2030-01-31T12:00:00.Z', '+02030-01-31T12:00:00Z', '2030-01-31T12:00:00Z\n', '٢٠٣٠-01-31T12:00:00Z'],
    ...['9999-12-31T23:59:59-00:01', '0000-01-01T00:00:00+00:01'],
  ])('%j is none', (text) => {
    expect(isTime(text)).toBe(false)
    expect(() => parseTime(text)).toThrow(RangeError)
  })

  test('has a year of four digits', () => {
    for (const time of [LATEST_TIME + 1, EARLIEST_TIME - 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => formatTime(time)).toThrow(RangeError)
    }
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionProviderError } from '../errors.ts'
import { parseLogPage } from './log-page.ts'
import { formatTime, LATEST_TIME } from './time.ts'

const entry = fc.record(
  {
    time: fc.integer({ min: 0, max: LATEST_TIME }).map(formatTime),
    code: fc.string({ minLength: 1 }),
    description: fc.string(),
    details: fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), fc.jsonValue()),
  },
  { requiredKeys: ['time', 'code', 'description'] },
)
const page = fc
  .record({
    limit: fc.integer({ min: 1, max: 100 }),
    entries: fc.array(entry, { maxLength: 3 }),
    marker: fc.option(fc.string()),
  })
  .map(({ marker, ...rest }) => ({
    ...rest,
    has_next_page: marker !== null,
    ...(marker !== null && { marker }),
  }))

function faultOf(value: unknown): string {
  try {
    parseLogPage(value)
  } catch (error) {
    expect(error).toBeInstanceOf(ActionProviderError)
    return ((error as Error).cause as Error).message
  }
  return ''
}

describe('a log page', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(page, (one) => {
        const json = JSON.parse(JSON.stringify(one))
        expect(parseLogPage(one)).toEqual(json)
        expect(parseLogPage(parseLogPage(one))).toEqual(json)
      }),
    )
  })

  test('is read or refused, whatever a callback gives', () => {
    const anything = fc.record(
      { limit: fc.anything(), has_next_page: fc.anything(), marker: fc.anything(), entries: fc.anything() },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (value) => {
        expect(typeof faultOf(value)).toBe('string')
      }),
    )
  })

  test('has a marker only where there is a next page, and no unknown fields', () => {
    const entries = [{ time: '2030-01-31T12:00:00+01:00', code: 'A', description: '', more: 1 }]
    expect(parseLogPage({ limit: 10, has_next_page: false, marker: 'x', entries, total: 7 })).toEqual({
      limit: 10,
      has_next_page: false,
      entries: [{ time: '2030-01-31T11:00:00.000Z', code: 'A', description: '' }],
    })
  })

  test('is the fault of the provider where a field is wrong, and the log says which', () => {
    const entries = [{ time: 'now', code: '', description: 7, details: [] }]
    const fault = faultOf({ limit: 0, has_next_page: 'no', entries })
    for (const place of [
      '$.limit',
      '$.has_next_page',
      '$.entries[0].time',
      '$.entries[0].code',
      '$.entries[0].details',
    ]) {
      expect(fault).toContain(place)
    }
  })
})

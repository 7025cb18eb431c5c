import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ActionProviderError } from '../errors.ts'
import { ActionStatus, parseActionStatus, statusDocument } from './action-status.ts'
import { parseJson } from './json.ts'
import { identityURN } from './principal.ts'
import { formatTime, LATEST_TIME } from './time.ts'

const principals = fc.uniqueArray(
  fc.oneof(fc.uuid().map(identityURN), fc.constant('all_authenticated_users')),
  {
    maxLength: 3,
  },
)
const moment = fc.integer({ min: 0, max: LATEST_TIME - 1000 })
const status = fc
  .record(
    {
      action_id: fc.string({ minLength: 1 }),
      status: fc.constantFrom(...ActionStatus.properties.status.enum),
      details: fc.oneof(
        fc.string(),
        fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), fc.jsonValue()),
      ),
      creator_id: fc.uuid().map(identityURN),
      label: fc.string({ minLength: 1, maxLength: 64 }),
      monitor_by: principals,
      manage_by: principals,
      start_time: moment.map(formatTime),
      completion_time: moment.map(formatTime),
      release_after: fc.constantFrom('P30D', 'PT1H'),
      display_status: fc.string({ minLength: 1, maxLength: 64 }),
    },
    { requiredKeys: ['action_id', 'status', 'details', 'creator_id'] },
  )
  .map(({ completion_time, ...rest }) => {
    const complete = rest.status === 'SUCCEEDED' || rest.status === 'FAILED'
    const ordered = completion_time !== undefined && completion_time >= (rest.start_time ?? '')
    return complete && ordered ? { ...rest, completion_time } : rest
  })

const creator_id = identityURN('ca73e829-715f-4522-9141-1d2d3b1ae2a1')
const given = (more: object): object => ({
  action_id: '1',
  status: 'SUCCEEDED',
  details: {},
  creator_id,
  ...more,
})

function faultOf(value: unknown): string {
  try {
    parseActionStatus(value)
  } catch (error) {
    expect(error).toBeInstanceOf(ActionProviderError)
    expect((error as Error).message).toBe('The action provider failed; its operators have been told')
    return ((error as Error).cause as Error).message
  }
  return ''
}

describe('a status', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(status, (one) => {
        const json = parseJson(JSON.stringify(one))
        const parsed = parseActionStatus(one)
        expect(parsed).toEqual(json)
        expect(parseActionStatus(parseJson(statusDocument(parsed)))).toEqual(parsed)
      }),
    )
  })

  test('is read or refused, whatever a callback gives', () => {
    const anything = fc.record(
      Object.fromEntries(
        Object.keys(ActionStatus.properties).map((name) => [name, fc.anything({ withBigInt: true })]),
      ),
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(anything, fc.anything()), (value) => {
        expect(typeof faultOf(value)).toBe('string')
      }),
      { numRuns: 500 },
    )
  })

  test('has dates as their text in UTC, and neither null nor unknown fields', () => {
    expect(
      parseActionStatus(
        given({
          start_time: new Date(0),
          completion_time: '2030-01-31T12:00:00+01:00',
          label: null,
          link: 'x',
        }),
      ),
    ).toEqual(given({ start_time: '1970-01-01T00:00:00.000Z', completion_time: '2030-01-31T11:00:00.000Z' }))
  })

  test.each([
    ['action_id', [undefined, '', 7]],
    ['status', [undefined, 'RUNNING', 'active', null]],
    ['details', [undefined, null, 7, []]],
    ['creator_id', [undefined, 'alice', 'all_authenticated_users']],
    ['label', ['', 'x'.repeat(65)]],
    ['monitor_by', [['public'], 'x']],
    ['start_time', ['2030-01-31T12:00:00', 7]],
    ['release_after', [3600, 'soon']],
    ['display_status', ['', 'x'.repeat(65)]],
  ])('is the fault of the provider where its %s is wrong, and the log says so', (name, values) => {
    for (const value of values)
      expect([value, faultOf(given({ [name]: value }))]).toEqual([value, expect.stringContaining(name)])
  })

  test('is complete before it has a completion_time, which is not before its start_time', () => {
    const times = { start_time: '2030-01-31T12:00:00Z', completion_time: '2030-01-31T11:00:00Z' }
    expect(faultOf(given(times))).toContain('must not be before start_time')
    expect(faultOf(given({ status: 'ACTIVE', completion_time: times.completion_time }))).toContain(
      'while the action is ACTIVE',
    )
  })

  test('is JSON', () => {
    const circle: Record<string, unknown> = {}
    circle.again = circle
    for (const details of [circle, { amount: 1n }])
      expect(faultOf(given({ details }))).toContain('is not JSON')
    for (const value of [undefined, () => {}, Symbol('x')]) expect(faultOf(value)).toContain('ActionStatus')
  })
})

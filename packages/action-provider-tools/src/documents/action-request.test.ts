import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RequestValidationError } from '../errors.ts'
import { ActionRequest, checkDeadline, readActionRequest } from './action-request.ts'
import { parseJson } from './json.ts'
import { identityURN } from './principal.ts'
import { formatTime, LATEST_TIME } from './time.ts'

const principals = fc.uniqueArray(fc.uuid().map(identityURN), { maxLength: 3 })
const text = fc.string({ unit: 'binary' }).filter((one) => one.isWellFormed())
const body = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor')), fc.jsonValue())
const request = fc.record(
  {
    request_id: text,
    body,
    label: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
    monitor_by: principals,
    manage_by: principals,
    allowed_clients: fc.uniqueArray(fc.constantFrom('public', 'globus', 'creator')),
    deadline: fc.integer({ min: 0, max: LATEST_TIME }).map(formatTime),
    release_after: fc.constantFrom('P30D', 'PT0.5S', 'P1Y2M3DT4H'),
  },
  { requiredKeys: ['request_id', 'body'] },
)
const optional = Object.keys(ActionRequest.properties).filter(
  (name) => !['request_id', 'body'].includes(name),
)

function errorOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(RequestValidationError)
    return (error as Error).message
  }
  return ''
}

const read = (json: unknown): string => errorOf(() => readActionRequest(json))
const given = (more: object): object => ({ request_id: '1', body: {}, ...more })

describe('a request', () => {
  test('comes back as it was sent', () => {
    fc.assert(
      fc.property(request, (sent) => {
        const json = parseJson(JSON.stringify(sent))
        const received = readActionRequest(json)
        expect(received).toEqual(json)
        expect(readActionRequest(parseJson(JSON.stringify(received)))).toEqual(received)
      }),
    )
  })

  test('is read or refused, whatever is in its fields', () => {
    const anything = fc.record(
      Object.fromEntries(
        [...Object.keys(ActionRequest.properties), '__proto__', 'tags'].map((name) => [
          name,
          fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('P1D', 'public', ['public'])),
        ]),
      ),
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue()), (sent) => {
        const json = parseJson(JSON.stringify(sent))
        const error = read(json)
        if (error !== '') expect(error).toMatch(/^Field '\$[^']*' \(category: '\w+'\): /)
      }),
      { numRuns: 500 },
    )
  })

  test('may have fields that are not known: they are left out', () => {
    const json = parseJson(
      '{"request_id":"1","body":{},"tags":["a"],"__proto__":{"label":"x"},"constructor":1}',
    )
    expect(readActionRequest(json)).toEqual({ request_id: '1', body: {} })
    expect('label' in readActionRequest(json)).toBe(false)
  })

  test('keeps what its body has, __proto__ too', () => {
    const json = parseJson('{"request_id":"1","body":{"__proto__":{"a":1},"b":null}}')
    expect(JSON.stringify(readActionRequest(json).body)).toBe('{"__proto__":{"a":1},"b":null}')
  })

  test.each(optional)('may have null for %s, which is as good as nothing', (name) => {
    expect(readActionRequest(given({ [name]: null }))).toEqual({ request_id: '1', body: {} })
  })

  test.each([
    ['request_id', [undefined, null, 1.5, 1e25, true, {}, '\ud800', 'a\udc00']],
    ['body', [undefined, null, 'text', [], 7]],
    ['label', ['', 'x'.repeat(65), 7, [], '\ud800']],
    ['monitor_by', ['public', ['public'], ['all_authenticated_users'], [7], [''], {}]],
    ['manage_by', [[identityURN('ca73')], [null], 7]],
    ['allowed_clients', [['others'], 'public', [7]]],
    ['deadline', ['2030-01-31', '', 7, '2030-01-31T12:00:00', {}]],
    ['release_after', [-1, 'soon', '', '30D', {}, true, 1e300, ['P1D']]],
  ])('is refused for a wrong %s', (name, values) => {
    for (const value of values) {
      const error = read(given({ [name]: value }))
      const place = value === undefined ? `must have required property '${name}'` : `Field '$.${name}`
      expect([value, error]).toEqual([value, expect.stringContaining(place)])
    }
  })

  test('is refused where it is no object', () => {
    for (const json of [null, [], 'text', 7, true]) {
      expect(read(json)).toBe("Field '$' (category: 'type'): must be object")
    }
  })

  test('has principals in lower case, and no two that are one', () => {
    const urn = identityURN('ca73e829-715f-4522-9141-1d2d3b1ae2a1')
    const other = urn.replace(/[^:]*$/, (id) => id.toUpperCase())
    for (const name of ['monitor_by', 'manage_by']) {
      expect(readActionRequest(given({ [name]: [other, urn, urn] }))).toMatchObject({ [name]: [urn] })
    }
  })

  test('has at most 100 principals in a list, however often each of them', () => {
    const urns = (count: number): string[] =>
      Array.from({ length: count }, (_, index) =>
        identityURN(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`),
      )
    for (const name of ['monitor_by', 'manage_by']) {
      expect(readActionRequest(given({ [name]: urns(100) }))).toMatchObject({ [name]: urns(100) })
      for (const many of [urns(101), urns(16_000), Array(101).fill(urns(1)[0])]) {
        expect(read(given({ [name]: many }))).toContain(`Field '$.${name}' (category: 'maxItems')`)
      }
    }
  })

  test('may have allowed_clients more than once: each is kept once', () => {
    const sent = given({ allowed_clients: ['public', 'creator', 'public'] })
    expect(readActionRequest(sent).allowed_clients).toEqual(['public', 'creator'])
  })

  test('may have a whole number as request_id, which is its decimal text', () => {
    for (const [number, id] of [
      [1, '1'],
      [0, '0'],
      [-0, '0'],
      [-7, '-7'],
      [2 ** 53 - 1, '9007199254740991'],
    ]) {
      expect(readActionRequest(given({ request_id: number })).request_id).toBe(id)
    }
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 300n), max: 10n ** 300n }), (id) => {
        const json = parseJson(`{"request_id":${id},"body":{"request_id":1}}`, { exact: 'request_id' })
        expect(readActionRequest(json)).toEqual({ request_id: String(id), body: { request_id: 1 } })
      }),
    )
  })

  test('has 64 characters of label, whatever they take in UTF-16', () => {
    expect(read(given({ label: '😀'.repeat(64) }))).toBe('')
    expect(read(given({ label: '😀'.repeat(65) }))).toContain("(category: 'maxLength')")
  })

  test('may say in seconds when it is released', () => {
    expect(readActionRequest(given({ release_after: 3600 })).release_after).toBe('PT1H')
    expect(readActionRequest(given({ release_after: 0 })).release_after).toBe('PT0S')
  })

  test('has every error in its answer, and by default nothing of what was sent', () => {
    const json = { body: 's3cr3t', label: 's3cr3t'.repeat(20), monitor_by: ['s3cr3t'], deadline: 's3cr3t' }
    const error = read(json)
    for (const name of ['request_id', 'body', 'label', 'monitor_by[0]', 'deadline'])
      expect(error).toContain(name)
    expect(error).not.toContain('s3cr3t')
    expect(errorOf(() => readActionRequest(json, { showInput: true }))).toContain('s3cr3t')
  })

  test('is quickly refused where it is very long, in few words', () => {
    const many = Array.from({ length: 200_000 }, (_, index) => index)
    for (const name of ['monitor_by', 'allowed_clients']) {
      expect(read(given({ [name]: many })).length).toBeLessThan(1000)
      expect(read(given({ [name]: many.map(String) })).length).toBeLessThan(1000)
    }
  })
})

describe('a deadline', () => {
  const limits = { now: Date.UTC(2030, 0, 1), maximumDeadline: 86_400_000 }
  const due = (deadline: string): string =>
    errorOf(() => checkDeadline(readActionRequest(given({ deadline })), limits))

  test('is in UTC, and within what the provider allows', () => {
    expect(readActionRequest(given({ deadline: '2030-01-01T12:00:00+02:00' })).deadline).toBe(
      '2030-01-01T10:00:00.000Z',
    )
    expect(due('2030-01-01T00:00:00Z')).toBe('')
    expect(due('2030-01-02T00:00:00Z')).toBe('')
    expect(due('2029-12-31T23:59:59Z')).toBe(
      "Field '$.deadline' (category: 'minimum'): must not be in the past",
    )
    expect(due('2030-01-02T00:00:01Z')).toBe(
      "Field '$.deadline' (category: 'maximum'): must be at most P1D from now",
    )
  })

  test('may be left out', () => {
    expect(errorOf(() => checkDeadline({}, limits))).toBe('')
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadActionRequest, RequestValidationError } from '../errors.ts'
import { MAXIMUM_DEPTH, parseJson } from './json.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth)

describe('parseJson', () => {
  test('reads what JSON.stringify writes, as text and as bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value)
        expect(JSON.stringify(parseJson(text))).toBe(text)
        expect(JSON.stringify(parseJson(bytes(text)))).toBe(text)
      }),
    )
  })

  test('answers any bytes with a value or with one of its two errors', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0019tfn -.e'), maxLength: 40 }).map(bytes),
    )
    fc.assert(
      fc.property(noise, (body) => {
        try {
          parseJson(body)
        } catch (error) {
          const isAnswer = error instanceof BadActionRequest || error instanceof RequestValidationError
          expect(isAnswer).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['nothing', undefined, 'The body is empty'],
    ['an empty body', new Uint8Array(), 'The body is empty'],
    ['white space', ' \n\t', 'The body is empty'],
    ['what is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'The body is not UTF-8'],
    [
      'a half of a surrogate pair in UTF-8',
      Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
      'The body is not UTF-8',
    ],
    ['UTF-16', new Uint8Array(Buffer.from('\ufeff{"a":1}', 'utf16le')), 'The body is not UTF-8'],
    ['a cut body', '{"a": 1', 'The body is not JSON, at position 7'],
    ['two values', '{} {}', 'The body is not JSON, at position 3'],
    ['a form', 'a=1&b=2', 'The body is not JSON'],
  ])('refuses %s', (_, body, message) => {
    expect(() => parseJson(body)).toThrow(BadActionRequest)
    expect(() => parseJson(body)).toThrow(message)
  })

  test('repeats nothing of a broken body', () => {
    for (const body of ['{"password": s3cr3t}', 's3cr3t', '{"s3cr3t', '"s3cr3t\n"']) {
      expect(() => parseJson(body)).toThrow(expect.not.stringContaining('s3cr3t'))
    }
  })

  test(`lets ${MAXIMUM_DEPTH} levels through, and no more`, () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const text = (depth: number): string =>
        open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth)
      expect(JSON.stringify(parseJson(text(MAXIMUM_DEPTH)))).toBe(text(MAXIMUM_DEPTH))
      expect(() => parseJson(text(MAXIMUM_DEPTH + 1))).toThrow(RequestValidationError)
    }
    expect(() => parseJson(nested(1_000_000))).toThrow("Field '$' (category: 'maxDepth')")
    expect(() => parseJson('['.repeat(1_000_000))).toThrow(RequestValidationError)
  })

  test('does not take brackets in texts for nesting', () => {
    const text = JSON.stringify({ [`${'['.repeat(500)}"\\`]: `\\"${'{'.repeat(500)}` })
    expect(JSON.stringify(parseJson(text))).toBe(text)
    expect(parseJson(JSON.stringify(Array.from({ length: 1000 }, () => ({}))))).toHaveLength(1000)
  })

  test('refuses numbers that a double cannot hold, wherever they are', () => {
    const number = fc.oneof(
      fc.constantFrom('1e400', '-1e400', '1E+309', '1.8e308', '9'.repeat(400), `${'9'.repeat(309)}.5`),
      fc.integer({ min: 309, max: 100_000 }).map((exponent) => `-1.5e${exponent}`),
    )
    const place = fc.constantFrom('#', '[#]', '{"a":#}', '{"a":[{"b":[1,#]}],"c":"1e400"}')
    fc.assert(
      fc.property(number, place, (written, around) => {
        const text = around.replace('#', written)
        expect(() => parseJson(text)).toThrow(RequestValidationError)
        expect(() => parseJson(text)).toThrow("Field '$' (category: 'finite')")
      }),
    )
    expect(parseJson('[1e308,-1e308,1e-400,"1e400"]')).toEqual([1e308, -1e308, 0, '1e400'])
  })

  test('gives a whole number of the root as it was written, where a double would round it', () => {
    const id = (text: string): unknown => (parseJson(text, { exact: 'id' }) as { id: unknown }).id
    expect(id('{"id":9007199254740993}')).toBe('9007199254740993')
    expect(id('{"id":1,"a":{"id":9007199254740993},"id":-12345678901234567890}')).toBe(
      '-12345678901234567890',
    )
    expect(id('{"id":9007199254740993,"a":{"id":9007199254740995}}')).toBe('9007199254740993')
    expect(id('{"id":7}')).toBe(7)
    expect(id('{"id":1e300}')).toBe(1e300)
    expect(id('{"\\u0069d":9007199254740993,"a":"id","b":[{"c":"\\\\"}],"d":9007199254740995}')).toBe(
      '9007199254740993',
    )
    expect(parseJson('9007199254740993', { exact: 'id' })).toBe(9007199254740992)
    expect(parseJson('null', { exact: 'id' })).toBeNull()
  })

  test('makes __proto__ a property like any other', () => {
    const value = parseJson('{"__proto__": {"polluted": true}, "constructor": 1}') as object
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect('polluted' in value).toBe(false)
  })
})

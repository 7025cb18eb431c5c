import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UnauthorizedRequest } from '../errors.ts'
import { assertBearerToken, tokenKey } from './bearer-token.ts'

describe('a bearer token', () => {
  test.each(['Ag1b2', 'a.b-c_d~e+f/g', 'aGVsbG8=', 'x'.repeat(2048)])('may look like %.20s', (token) => {
    expect(() => assertBearerToken(token)).not.toThrow()
  })

  test.each([
    ['nothing', ''],
    ['a space', 'a b'],
    ['a control character', 'a\u0000b'],
    ['a line break', 'a\r\nX-Injected: yes'],
    ['a letter beyond ASCII', 'tokén'],
    ['padding in the middle', 'a=b'],
    ['padding alone', '=='],
    ['a quote', 'a"b'],
    ['an absurd length', 'x'.repeat(2049)],
  ])('is refused with %s', (_, token) => {
    expect(() => assertBearerToken(token)).toThrow(UnauthorizedRequest)
  })

  test('is either refused or safe in a header', () => {
    const unit = fc.nat(0x2ff).map((code) => String.fromCharCode(code))
    fc.assert(
      fc.property(fc.string({ unit }), (token) => {
        let refused = false
        try {
          assertBearerToken(token)
        } catch {
          refused = true
        }
        expect(refused || /^[\x21-\x7e]+$/.test(token)).toBe(true)
      }),
    )
  })

  test('is not to be told from what it is remembered by', () => {
    expect(tokenKey('secret')).toBe('K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=')
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern, isPattern, isTame } from './pattern.ts'

const atom = fc.constantFrom(
  ...['a', 'b', '-', ' ', '_', '.', 'é', '😀', '\\d', '\\w', '\\s', '\\S', '\\D', '\\W', '\\.', '\\-', '\\/'],
  ...[
    '[a-c]',
    '[^a]',
    '[\\w-]',
    '[\\s.]',
    '[\\]\\-a]',
    '[+*?{]',
    '\\u00e9',
    '\\u{1F600}',
    '\\x61',
    '\\t',
    '\\b',
  ],
  ...['\\p{L}', '\\p{Lu}', '\\P{N}', '[\\p{L}b]', '\\cA', '\\0'],
)
const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '{2}', '{1,2}', '{1,}')
const { pattern: anyPattern } = fc.letrec<{ pattern: string; branch: string; piece: string }>((tie) => ({
  pattern: fc
    .tuple(
      fc.constantFrom('', '^'),
      fc.array(tie('branch'), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '$'),
    )
    .map(([start, branches, end]) => start + branches.join('|') + end),
  branch: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(atom, quantifier).map(([one, times]) => (one === '\\b' ? one : one + times)),
    fc
      .tuple(fc.constantFrom('(', '(?:', '(?<name>'), tie('branch'), tie('branch'), quantifier)
      .map(([open, one, other, times]) => `${open}${one}|${other})${times}`),
  ),
}))
const text = fc
  .array(fc.constantFrom(...'aabbcA1 -_.é😀\n\t\u2028\u00a0+*[]{}'.split(''), '😀', '\u0000', '\u0001'), {
    maxLength: 8,
  })
  .map((characters) => characters.join(''))

describe('a pattern', () => {
  test('matches what ECMAScript says, whichever engine runs it', () => {
    let linear = 0
    fc.assert(
      fc.property(anyPattern, fc.array(text, { maxLength: 10 }), (pattern, texts) => {
        let reference: RegExp
        try {
          reference = new RegExp(pattern.replaceAll('\\-', '\\x2d'), 'u')
        } catch {
          return
        }
        const matcher = compilePattern(pattern)
        if (!matcher.backtracks) linear++
        for (const one of texts) {
          if (one.isWellFormed()) expect([one, matcher.test(one)]).toEqual([one, reference.test(one)])
        }
      }),
      { numRuns: 400 },
    )
    expect(linear).toBeGreaterThan(80)
  })

  test.each([
    ['^(a+)+$', 'a'],
    ['(x+x+)+y', 'x'],
    ['^(\\w+\\s?)*$', 'a'],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
    ['(.*)*=(.*)', 'a'],
    ['^(?:a|a)*b$', 'a'],
  ])('takes time linear in the text: %s', (pattern, unit) => {
    const matcher = compilePattern(pattern)
    expect(matcher.backtracks).toBe(false)
    expect(matcher.test(`${unit.repeat(50_000)}!`)).toBe(false)
  })

  test('is taken over unchanged where it is too simple to backtrack', () => {
    const uuid = '^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|nil|max)$'
    for (const pattern of ['^[a-z][a-z0-9-]*$', '^\\d{4}-\\d{2}-\\d{2}$', 'urn:', '^.{1,5000}$', uuid]) {
      expect([pattern, isTame(pattern)]).toEqual([pattern, true])
    }
    for (const pattern of [
      '^(a+)+$',
      'a*b',
      '^a*a*$',
      '^(?!a)b',
      '^[a-z]*[a-z]{101}$',
      '(',
      '^(a|a){30}$',
      '^(a*)$',
    ]) {
      expect([pattern, isTame(pattern)]).toEqual([pattern, false])
    }
  })

  test('says that it may backtrack where a linear engine cannot run it', () => {
    for (const pattern of ['^(?=a)b', '^(a)\\1$', '(?<!a)b', '^(a{1000}){1000}$', '\\p{Script=Greek}+x+']) {
      expect([pattern, compilePattern(pattern).backtracks]).toEqual([pattern, true])
    }
    expect(compilePattern('^(?!secret)\\w+$').test('public')).toBe(true)
    expect(compilePattern('^(?!secret)\\w+$').test('secret')).toBe(false)
  })

  test('may have escapes that Unicode mode has no use for', () => {
    expect(compilePattern('^[\\w\\-\\_\\@]+\\:\\/\\/$').test('a-_@://')).toBe(true)
    expect(compilePattern('^\\q$').test('q')).toBe(true)
  })

  test('is a regular expression', () => {
    expect(isPattern('^a\\-b$')).toBe(true)
    for (const pattern of ['(', '[', 'a{2,1}', '*']) {
      expect(isPattern(pattern)).toBe(false)
      expect(() => compilePattern(pattern)).toThrow(SyntaxError)
    }
  })
})

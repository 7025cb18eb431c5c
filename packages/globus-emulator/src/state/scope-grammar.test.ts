import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatScopes, parseScopes, ScopeSyntaxError, type ScopeTree } from './scope-grammar.ts'

const { trees } = fc.letrec<{ trees: ScopeTree[] }>((tie) => ({
  trees: fc.uniqueArray(
    fc.record({
      scope: fc.stringMatching(/^[a-z:/._0-9-]{1,12}$/),
      optional: fc.boolean(),
      dependents: fc.oneof({ depthSize: 'small' }, fc.constant<ScopeTree[]>([]), tie('trees')),
    }),
    { maxLength: 4, selector: ({ scope }) => scope },
  ),
}))

describe('scopes', () => {
  test('are read as they are written', () => {
    fc.assert(
      fc.property(trees, (wanted) => {
        expect(parseScopes(formatScopes(wanted))).toEqual(wanted)
      }),
    )
  })

  test('are read from anything, or refused', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', '[', ']', '*'), maxLength: 12 }),
        (text) => {
          try {
            const read = parseScopes(text)
            expect(parseScopes(formatScopes(read))).toEqual(read)
          } catch (error) {
            expect(error).toBeInstanceOf(ScopeSyntaxError)
          }
        },
      ),
    )
  })

  test('that are repeated are merged; one that is once required is not optional', () => {
    expect(formatScopes(parseScopes('*A[B] A[*C] *D *D'))).toBe('A[B *C] *D')
  })

  test.each(['A[', 'A]', 'A[]', '*', 'A[B]C', 'A*', '**A', '[A]'])('%s are refused', (text) => {
    expect(() => parseScopes(text)).toThrow(ScopeSyntaxError)
  })
})

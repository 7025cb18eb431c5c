import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InvalidDefinition } from '../errors.ts'
import { basePath } from './base-path.ts'

test.each([
  ['/skeleton', '/skeleton'],
  ['skeleton', '/skeleton'],
  ['e', '/e'],
  ['/a/', '/a'],
  ['//a//b/', '/a/b'],
])('%j is served at %s', (given, path) => {
  expect(basePath(given)).toBe(path)
})

test.each([undefined, '', '/', '//'])('%j is no base path, and it is said which to give', (given) => {
  expect(() => basePath(given)).toThrow(InvalidDefinition)
  expect(() => basePath(given)).toThrow("name one, such as serve(provider, { prefix: '/echo' })")
})

test.each(['/a b', '/:id', '/*', '/a?b', '/a#b', '/..', '/ä', '/%61'])('%j is refused in words', (given) => {
  expect(() => basePath(given)).toThrow(`The prefix '${given}' is no base path: use letters`)
})

test('a base path is one already', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z0-9_~-]+$/), { minLength: 1 }), (segments) => {
      const path = basePath(segments.join('/'))
      expect(basePath(path)).toBe(path)
      expect(path.split('/').slice(1)).toEqual(segments)
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InvalidDefinition } from '../errors.ts'
import { type ActionProvider, defineActionProvider } from '../provider/define-action-provider.ts'
import { basePath, placesOf } from './places.ts'

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

const named = (namespace: string): ActionProvider =>
  defineActionProvider({
    description: { title: namespace, admin_contact: 'support@example.org', synchronous: true },
    input: { type: 'object' },
    run: () => ({}),
  })

test.each([
  ['resize', '/resize'],
  ['Resize images', '/resize-images'],
  ['hello_world', '/hello_world'],
  ['a/b: c?', '/a-b-c'],
  ['..', undefined],
  ['字', undefined],
])('a provider of several that is called %j is served at %s where nothing else is said', (name, path) => {
  const paths = (): string[] => placesOf([named(name)]).map(({ prefix }) => prefix)
  if (path !== undefined) expect(paths()).toEqual([path])
  else expect(paths).toThrow(`No base path can be made of the name '${name}'`)
})

test.each([
  [[], 'There is nothing to serve'],
  [[named('a'), named('a')], "both called 'a': give one of them another namespace"],
  [[named('a'), { provider: named('b'), prefix: 'a/' }], "'a' at /a and 'b' at /a are in each other's way"],
  [
    [named('a'), { provider: named('b'), prefix: '/a/b' }],
    "'a' at /a and 'b' at /a/b are in each other's way",
  ],
  [
    [{ provider: named('b'), prefix: '/a/b' }, named('a')],
    "'b' at /a/b and 'a' at /a are in each other's way",
  ],
  [[named('metrics')], "'metrics' cannot be served at /metrics, which is the program's own"],
  [[{ provider: named('a'), prefix: '' }], 'A provider is served below a base path'],
])('several that would be in the way of each other are refused in words', (served, words) => {
  expect(() => placesOf(served)).toThrow(words)
})

test('what begins with the same letters is apart', () => {
  expect(placesOf([named('a'), named('ab')]).map(({ prefix }) => prefix)).toEqual(['/a', '/ab'])
})

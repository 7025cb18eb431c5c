import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineActionProvider } from '../provider/define-action-provider.ts'
import { declaredNames, findPattern, findPointer, partAt, toJsonSchema } from './schema-facts.ts'

describe('toJsonSchema', () => {
  test('copies', () => {
    const schema = { type: 'object', properties: { a: { default: null, __proto__: null } } }
    const copy = toJsonSchema(schema)
    expect(copy).toEqual({ type: 'object', properties: { a: { default: null } } })
    expect(copy.properties).not.toBe(schema.properties)
  })

  const circle: Record<string, unknown> = {}
  circle.properties = { again: circle }
  test.each([
    ['a list', [], 'is not a JSON object'],
    ['a function', () => {}, 'is not a JSON object'],
    ['a circle', circle, 'at #/properties/again: it has a part that contains itself'],
    ['a BigInt', { properties: { 'a/b': { minimum: 1n } } }, 'at #/properties/a~1b/minimum: it has a BigInt'],
  ])('refuses %s', (_, schema, message) => {
    expect(() => toJsonSchema(schema)).toThrow(message)
  })
})

test.each([
  ['a text', { type: 'string' }],
  ['a text or null', { type: ['string', 'null'] }],
  ['a text of Zod', z.string()],
])('a provider cannot take %s as its input', (_, input) => {
  const description = { title: 'p', admin_contact: 'a@example.org', synchronous: true }
  expect(() => defineActionProvider({ description, input, run: () => ({}) })).toThrow(
    'at #/type: the body of a request is an object',
  )
})

test('finds places and names', () => {
  const schema = {
    properties: { 'a~b': { pattern: '^x' }, c: { patternProperties: { '^y/': {} }, required: ['d'] } },
  }
  expect(findPointer(schema, 'pattern', '^x')).toBe('#/properties/a~0b/pattern')
  expect(findPattern(schema, '^y/')).toBe('#/properties/c/patternProperties/^y~1')
  expect(findPattern(schema, '^z')).toBeUndefined()
  expect([...declaredNames(schema)]).toEqual(['a~b', 'c', 'd'])
  expect(partAt(schema, '/properties/a~0b/pattern')).toBe('^x')
  expect(partAt(schema, '/properties/c/required/0')).toBe('d')
  expect(partAt(schema, '/properties/toString')).toBeUndefined()
})

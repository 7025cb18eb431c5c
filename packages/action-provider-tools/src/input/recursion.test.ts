import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { multiplies } from './recursion.ts'
import type { SchemaObject } from './schema-facts.ts'

const node = { type: 'object' }
const again = { $ref: '#/$defs/n' }
const at = (n: object): SchemaObject => ({ $defs: { n }, properties: { start: again } })

describe('does not multiply:', () => {
  test.each([
    ['no reference', { properties: { a: node } }],
    [
      'a shared part',
      { $defs: { node }, properties: { a: { $ref: '#/$defs/node' }, b: { $ref: '#/$defs/node' } } },
    ],
    ['a chain', { $defs: { a: { $ref: '#/$defs/b' }, b: node }, properties: { a: { $ref: '#/$defs/a' } } }],
    ['a name that begins alike', { $defs: { a: { $ref: '#/$defs/ab' }, ab: node } }],
    ['a tree below the root', { properties: { children: { type: 'array', items: { $ref: '#' } } } }],
    ['a tree at the root', { ...again, $defs: { n: { properties: { a: again, b: again }, items: again } } }],
    ['names like keywords', at({ properties: { anyOf: again, $ref: { type: 'string' } } })],
    [
      'two that refer to each other',
      { $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { additionalProperties: { $ref: '#/$defs/a' } } } },
    ],
    ['a choice between leaves', at({ properties: { a: again, kind: { anyOf: [node, { type: 'null' }] } } })],
  ])('%s', (_, schema) => {
    expect(multiplies(schema)).toBe(false)
  })
})

describe('multiplies:', () => {
  test.each([
    ['a choice', at({ anyOf: [{ properties: { a: again } }, { items: again }] })],
    ['all of some', at({ allOf: [{ properties: { a: again } }, { properties: { a: again } }] })],
    ['a condition', at({ if: { properties: { a: again } }, else: { properties: { a: again } } })],
    ['a negation', { $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { not: { $ref: '#/$defs/a' } } } }],
    [
      'what depends on a field',
      at({ properties: { a: again }, dependentSchemas: { x: { properties: { a: again } } } }),
    ],
    ['names by pattern', at({ properties: { a: again }, patternProperties: { a: again } })],
    ['items that are looked for', at({ items: again, contains: again })],
    [
      'a reference beside others',
      { $defs: { n: { properties: { a: again } } }, ...again, properties: { a: again } },
    ],
    ['a circle of references alone', { $ref: '#' }],
    ['a longer one', { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }],
    ['a dynamic reference', { $dynamicAnchor: 'n', properties: { a: { $dynamicRef: '#n' } } }],
    ['a reference by name', { $defs: { n: { $anchor: 'n', properties: { a: { $ref: '#n' } } } } }],
    ['a pointer from another $id', { $defs: { n: { $id: 'n', properties: { a: { $ref: '#/$defs/n' } } } } }],
    ['a part further in', { $defs: { a: { allOf: [{ items: { $ref: '#/$defs/a/allOf/0' } }] } } }],
  ])('%s', (_, schema) => {
    expect(multiplies(schema)).toBe(true)
  })
})

test('is right of any schema: where it does not multiply, each part of an input is checked a bounded number of times', () => {
  const reference = fc.constantFrom(0, 1, 2).map((index) => ({ $ref: `#/$defs/n${index}` }))
  const counted = { $comment: fc.constant('counted') }
  const { schema } = fc.letrec<{ schema: object }>((tie) => {
    const inner = tie('schema')
    return {
      schema: fc.oneof(
        { maxDepth: 3, depthIdentifier: 'schema' },
        { weight: 3, arbitrary: reference },
        {
          weight: 3,
          arbitrary: fc.record({
            ...counted,
            properties: fc.record({ a: inner, b: inner }, { requiredKeys: [] }),
          }),
        },
        fc.record({ ...counted, additionalProperties: inner }),
        fc.record({ ...counted, properties: fc.record({ b: inner }), additionalProperties: inner }),
        fc.record({
          ...counted,
          properties: fc.record({ a: inner }),
          patternProperties: fc.record({ '^a': inner }),
        }),
        fc.record({ ...counted, anyOf: fc.array(inner, { minLength: 1, maxLength: 2 }) }),
        fc.record({
          ...counted,
          $ref: reference.map(({ $ref }) => $ref),
          properties: fc.record({ a: inner }),
        }),
      ),
    }
  })
  const schemas = fc
    .record({ n0: schema, n1: schema, n2: schema })
    .map(($defs) => ({ $comment: 'counted', $defs, properties: { a: { $ref: '#/$defs/n0' } } }))
  let recursive = 0
  fc.assert(
    fc.property(schemas, (given) => {
      if (multiplies(given)) return
      let evaluations = 0
      const ajv = new Ajv2020({ strict: false, allErrors: true, $comment: () => void evaluations++ })
      const parts = JSON.stringify(given).split('counted').length
      const depth = 16
      let body: object = { b: 1 }
      for (let level = 1; level < depth; level++) body = { a: body }
      ajv.compile(given)(body)
      if (evaluations > depth) recursive++
      expect(evaluations).toBeLessThanOrEqual(parts * parts * (depth + 1))
    }),
    { numRuns: 3000 },
  )
  expect(recursive).toBeGreaterThan(0)
})

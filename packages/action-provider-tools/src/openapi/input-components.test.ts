import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileSchemaCheck } from '../input/json-schema.ts'
import type { SchemaObject } from '../input/schema-facts.ts'
import { inputComponents } from './input-components.ts'

const DRAFT_04 = 'http://json-schema.org/draft-04/schema#'
const DRAFT_06 = 'http://json-schema.org/draft-06/schema#'
const DRAFT_07 = 'http://json-schema.org/draft-07/schema#'
const DRAFT_2019 = 'https://json-schema.org/draft/2019-09/schema'
const DRAFT_2020 = 'https://json-schema.org/draft/2020-12/schema'

/** What the components let through, by a check that knows 2020-12 alone. */
function accepts(components: Record<string, unknown>): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false })
  for (const schema of Object.values(components)) expect(ajv.validateSchema(schema as object)).toBe(true)
  ajv.addSchema({ $id: 'document', components: { schemas: components } }, undefined, false, false)
  const fits = ajv.compile({ $ref: 'document#/components/schemas/Input' })
  return (value) => fits(value) as boolean
}

test.each([
  [
    'draft-04: bounds that are not allowed themselves, an identity',
    {
      $schema: DRAFT_04,
      id: 'https://example.org/input',
      properties: {
        above: { minimum: 0, exclusiveMinimum: true },
        below: { maximum: 9, exclusiveMaximum: true },
        from: { minimum: 1, exclusiveMinimum: false },
        nothing: { exclusiveMinimum: true },
        id: { type: 'string' },
      },
    },
    {
      Input: {
        properties: {
          above: { exclusiveMinimum: 0 },
          below: { exclusiveMaximum: 9 },
          from: { minimum: 1 },
          nothing: {},
          id: { type: 'string' },
        },
      },
    },
  ],
  [
    'draft-07: definitions, tuples, dependencies',
    {
      $schema: DRAFT_07,
      $id: 'https://example.org/input',
      definitions: { size: { type: 'integer' }, unused: {} },
      properties: {
        pair: { items: [{ $ref: '#/definitions/size' }, true], additionalItems: false },
        list: { items: { $ref: 'https://example.org/input#/definitions/size' }, additionalItems: false },
      },
      dependencies: { pair: ['list'], list: { required: ['more'] } },
    },
    {
      Input: {
        properties: {
          pair: { prefixItems: [{ $ref: '#/components/schemas/Input_size' }, true], items: false },
          list: { items: { $ref: '#/components/schemas/Input_size' } },
        },
        dependentRequired: { pair: ['list'] },
        dependentSchemas: { list: { required: ['more'] } },
      },
      Input_size: { type: 'integer' },
    },
  ],
  [
    'anchors and identities of parts, in draft-06',
    {
      $schema: DRAFT_06,
      properties: { a: { $ref: '#name' }, b: { $ref: 'other.json#/definitions/x' }, c: { $ref: '#' } },
      definitions: {
        named: { $id: '#name', type: 'string' },
        other: { $id: 'other.json', definitions: { x: { type: 'null' } } },
      },
      if: false,
    },
    {
      Input: {
        properties: {
          a: { $ref: '#/components/schemas/Input_name' },
          b: { $ref: '#/components/schemas/Input_x' },
          c: { $ref: '#/components/schemas/Input' },
        },
      },
      Input_name: { type: 'string' },
      Input_x: { type: 'null' },
    },
  ],
  [
    'recursion of 2019-09, and keywords that came later',
    {
      $schema: DRAFT_2019,
      $recursiveAnchor: true,
      properties: { child: { $recursiveRef: '#' }, list: { prefixItems: [false], minContains: 0 } },
    },
    {
      Input: {
        properties: { child: { $ref: '#/components/schemas/Input' }, list: { minContains: 0 } },
      },
    },
  ],
  [
    'a dynamic reference of 2020-12 means the outermost part of its name',
    {
      $schema: DRAFT_2020,
      $dynamicAnchor: 'node',
      type: 'object',
      required: ['strict'],
      properties: { tree: { $ref: 'tree' } },
      $defs: {
        tree: {
          $id: 'tree',
          $dynamicAnchor: 'node',
          properties: { children: { items: { $dynamicRef: '#node' } } },
        },
      },
    },
    {
      Input: {
        type: 'object',
        required: ['strict'],
        properties: { tree: { $ref: '#/components/schemas/Input_tree' } },
      },
      Input_tree: { properties: { children: { items: { $ref: '#/components/schemas/Input' } } } },
    },
  ],
  [
    'what lies beside a reference, names that are no names of components, and null',
    {
      $schema: DRAFT_07,
      properties: {
        const: { $id: 'https://example.org/part', type: ['string'], nullable: true },
        a: { $ref: '#/definitions/a~1b%20c', description: 'A' },
        d: { $ref: 'https://example.org/part' },
      },
      definitions: { 'a/b c': { default: { $id: 'no part' } } },
    },
    {
      Input: {
        properties: {
          const: { type: ['string', 'null'] },
          a: { description: 'A', $ref: '#/components/schemas/Input_a_1b_c' },
          d: { $ref: '#/components/schemas/Input_part' },
        },
      },
      Input_a_1b_c: { default: { $id: 'no part' } },
      Input_part: { type: ['string', 'null'] },
    },
  ],
] as const)('%s', (_name, schema, components) => {
  expect(inputComponents(schema)).toEqual(components)
})

test('a reference to a whole dialect leaves open what it asks for, so that nobody has to fetch it', () => {
  const schema = { $schema: DRAFT_07, properties: { schema: { $ref: DRAFT_07 } } }
  expect(inputComponents(schema)).toEqual({ Input: { properties: { schema: {} } } })
})

describe('lets through what the provider lets through', () => {
  const names = ['a', 'b', 'c']
  const name = fc.constantFrom(...names)
  const small = fc.integer({ min: 0, max: 3 })
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, 'a', 'bb', 0, 1, 2, 3),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 3 }),
    ),
  })).value

  /** Schemas of every keyword whose words differ, with those that do not. */
  function schemas(version: number): fc.Arbitrary<SchemaObject> {
    const definitions = version < 2019 ? 'definitions' : '$defs'
    const bounds = (['minimum', 'maximum'] as const).map((bound) => {
      const exclusive = bound === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'
      return version === 4
        ? fc.record({ [bound]: small, [exclusive]: fc.boolean() })
        : fc.record({ [exclusive]: small })
    })
    const leaf = fc.oneof(
      fc.constantFrom('string', 'integer', 'array', 'object', 'null', 'boolean').map((type) => ({ type })),
      fc.constantFrom('string', 'integer').map((type) => ({ type, nullable: true })),
      fc.record({ const: value }),
      small.map((minItems) => ({ type: 'array', minItems })),
      ...bounds,
    )
    const reference = fc.constantFrom('#', `#/${definitions}/leaf`).map(($ref) => ({ $ref }))
    const { schema } = fc.letrec<{ schema: SchemaObject }>((tie) => {
      const part = tie('schema')
      const parts = fc.array(part, { minLength: 1, maxLength: 2 })
      const tuples =
        version < 2020
          ? [
              fc.record(
                { items: parts, additionalItems: fc.oneof(fc.boolean(), part) },
                { requiredKeys: ['items'] },
              ),
              fc.record({ items: part, additionalItems: fc.boolean(), prefixItems: parts }),
            ]
          : [fc.record({ prefixItems: parts, items: part })]
      const dependency = fc.oneof(part, fc.uniqueArray(name, { minLength: 1 }))
      return {
        schema: fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          leaf,
          reference,
          ...tuples,
          fc.record({ contains: part, minContains: small }),
          fc.record({ properties: fc.dictionary(name, part), additionalProperties: part }),
          fc.record({ dependencies: fc.dictionary(name, dependency) }),
          fc.record({ dependentRequired: fc.dictionary(name, fc.uniqueArray(name)) }),
          fc.record({ allOf: parts }),
          fc.record({ anyOf: parts }),
          fc.record({ not: leaf }),
          // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
          fc.record({ if: leaf, then: part, else: part }),
        ),
      }
    })
    return fc.record({
      properties: fc.dictionary(name, schema),
      [definitions]: fc.record({ leaf }),
    }) as fc.Arbitrary<SchemaObject>
  }

  test.each([
    [4, DRAFT_04],
    [6, DRAFT_06],
    [7, DRAFT_07],
    [2019, DRAFT_2019],
    [2020, DRAFT_2020],
  ])('in version %s', (version, $schema) => {
    const body = fc.dictionary(name, value, { maxKeys: 3 })
    fc.assert(
      fc.property(schemas(version), fc.array(body, { minLength: 5, maxLength: 10 }), (part, bodies) => {
        const schema = { $schema, ...part }
        const { errorsOf } = compileSchemaCheck(schema)
        const expected = bodies.map((each) => errorsOf(each, false).length === 0)
        expect(bodies.map(accepts(inputComponents(schema)))).toEqual(expected)
      }),
      { numRuns: 15 },
    )
  })
})

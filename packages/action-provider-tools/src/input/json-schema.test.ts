import fc from 'fast-check'
import Type from 'typebox'
import { describe, expect, test } from 'vitest'
import { MAXIMUM_DEPTH, parseJson } from '../documents/json.ts'
import { InvalidDefinition } from '../errors.ts'
import { compileInput } from './compile-input.ts'
import type { JsonSchema } from './input-schema.ts'

const DIALECTS = {
  'draft-04': 'http://json-schema.org/draft-04/schema#',
  'draft-06': 'http://json-schema.org/draft-06/schema#',
  'draft-07': 'http://json-schema.org/draft-07/schema#',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
}

async function errorsOf(schema: JsonSchema, body: unknown, showInput = false): Promise<string[]> {
  const checked = await compileInput(schema).validate(body, { showInput })
  return checked.ok ? [] : checked.errors
}

async function fits(schema: JsonSchema, body: unknown): Promise<boolean> {
  return (await errorsOf(schema, body)).length === 0
}

function refusal(schema: JsonSchema): string {
  try {
    compileInput(schema)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDefinition)
    return (error as Error).message
  }
  throw new Error('was not refused')
}

describe('the dialect', () => {
  test.each(Object.entries(DIALECTS))('%s checks inputs and is shown as it was given', async (_, $schema) => {
    const schema = { $schema, type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }
    expect(compileInput(schema).json_schema).toEqual(schema)
    expect(await fits(schema, { a: 1 })).toBe(true)
    expect(await fits(schema, { a: 'x' })).toBe(false)
  })

  test('may be named with http or https, with or without the empty fragment', async () => {
    for (const $schema of [
      'https://json-schema.org/draft-07/schema',
      'http://json-schema.org/draft/2020-12/schema#',
    ]) {
      expect(await fits({ $schema, properties: { a: { const: 1 } } }, { a: 2 })).toBe(false)
    }
  })

  test('gives keywords their meaning', async () => {
    const above = (exclusiveMinimum: unknown, more = {}) => ({
      properties: { a: { exclusiveMinimum, ...more } },
    })
    expect(await fits({ $schema: DIALECTS['draft-04'], ...above(true, { minimum: 3 }) }, { a: 3 })).toBe(
      false,
    )
    expect(await fits({ $schema: DIALECTS['draft-06'], ...above(3) }, { a: 3 })).toBe(false)
    expect(refusal({ $schema: DIALECTS['draft-06'], ...above(true) })).toContain(
      '#/properties/a/exclusiveMinimum',
    )

    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    const condition = { if: { required: ['a'] }, then: { required: ['b'] } }
    expect(await fits({ $schema: DIALECTS['draft-06'], ...condition }, { a: 1 })).toBe(true)
    expect(await fits({ $schema: DIALECTS['draft-07'], ...condition }, { a: 1 })).toBe(false)

    const pair = { properties: { a: { items: [{ const: 1 }] } } }
    expect(await fits({ $schema: DIALECTS['2019-09'], ...pair }, { a: [2] })).toBe(false)
    expect(refusal({ $schema: DIALECTS['2020-12'], ...pair })).toContain('#/properties/a/items')
    expect(await fits({ properties: { a: { prefixItems: [{ const: 1 }] } } }, { a: [2] })).toBe(false)

    const dependent = { dependentRequired: { a: ['b'] }, unevaluatedProperties: false, properties: { a: {} } }
    expect(await errorsOf({ $schema: DIALECTS['2019-09'], ...dependent }, { a: 1, c: 1 })).toHaveLength(2)
  })

  test('may refer to its own grammar', async () => {
    const schema = { $schema: DIALECTS['draft-07'], properties: { schema: { $ref: DIALECTS['draft-07'] } } }
    expect(await fits(schema, { schema: { type: 'object' } })).toBe(true)
    expect(await fits(schema, { schema: { type: 'no such' } })).toBe(false)
  })
})

describe('a schema is refused with its place', () => {
  const within = (part: object, more = {}) => ({ type: 'object', properties: { 'a/b': part }, ...more })
  test.each([
    [
      'an unknown dialect',
      { $schema: 'http://json-schema.org/draft-03/schema#' },
      '#/$schema: "http://json-sc',
    ],
    ['a dialect that is no text', { $schema: 7 }, '#/$schema: 7'],
    ['a wrong type', within({ type: 'strin' }), '#/properties/a~1b/type: must be one of "array", "boolean"'],
    ['a wrong keyword', within({ required: 'a' }), '#/properties/a~1b/required: must be array, not "a"'],
    [
      'another document',
      within({ $ref: 'https://example.org/a.json' }),
      '#/properties/a~1b/$ref: "https://exam',
    ],
    [
      'a broken reference',
      within({ $ref: '#/$defs/none' }),
      '#/properties/a~1b/$ref: "#/$defs/none" is not in',
    ],
    ['a broken pattern', within({ pattern: 'a(' }), '#/properties/a~1b/pattern: Invalid regular expression'],
    [
      'a broken patternProperties',
      within({ patternProperties: { '(': { type: 'string' } } }),
      '#/properties/a~1b/patternProperties/(: Invalid regular expression',
    ],
    ['an unknown format', within({ format: 'day' }), '#/properties/a~1b/format: the format "day" is unknown'],
    ['the id of older dialects', within({ id: 'x' }), '#/properties/a~1b/id: NOT SUPPORTED: keyword "id"'],
    ['two parts of one name', { properties: { a: { $id: 'x' }, b: { $id: 'x' } } }, 'reference "x"'],
    [
      'a Refine of TypeBox',
      within(Type.Refine(Type.String(), () => false)),
      '#/properties/a~1b: it has a Refine',
    ],
    ['a BigInt of TypeBox', within(Type.BigInt()), '#/properties/a~1b/type'],
  ])('%s', (_, schema, message) => {
    expect(refusal(schema)).toContain(message)
  })

  test('says which dialect it was read as', () => {
    expect(refusal({ properties: { a: { items: [{}] } } })).toContain('2020-12/schema, as it has no $schema')
  })
})

test('takes keywords that are not of JSON Schema, and formats that only describe', async () => {
  const schema = {
    'x-hint': 1,
    uiOrder: ['a'],
    $async: true,
    properties: { a: { format: 'globus-collection' } },
  }
  expect(await fits(schema, { a: {} })).toBe(true)
})

test('leaves the input as it was sent: no coercion, no defaults', async () => {
  const schema = { properties: { a: { type: 'integer', default: 1 }, b: { type: 'integer' } } } as const
  const body = {}
  expect(await compileInput(schema).validate(body)).toEqual({ ok: true, value: {} })
  expect(await fits(schema, { b: '1' })).toBe(false)
})

test('takes formats by their standards', async () => {
  const cases: [string, string[], string[]][] = [
    [
      'date-time',
      ['2030-01-31T12:00:00Z'],
      ['2030-01-31T12:00:00', '2030-02-30T12:00:00Z', '2030-01-31 12:00:00Z'],
    ],
    ['uuid', ['ca73e829-715f-4522-9141-1d2d3b1ae2a1'], ['ca73']],
    ['email', ['a@example.org'], ['a@']],
    ['uri', ['https://example.org/a'], ['a b']],
    ['url', ['https://example.org'], ['javascript:alert(1)', 'https://']],
    ['byte', ['YQ==', ''], ['Y', 'YQ==\nYQ==']],
    ['regex', ['^a', 'a'.repeat(1_000)], ['(', 'a'.repeat(1_001), '\\p{L}'.repeat(100_000)]],
  ]
  for (const [format, good, bad] of cases) {
    const schema = { properties: { a: { type: 'string', format } } }
    for (const a of good) expect([a, await fits(schema, { a })]).toEqual([a, true])
    for (const a of bad) expect([a, await fits(schema, { a })]).toEqual([a, false])
  }
})

describe('errors', () => {
  const schema = {
    type: 'object',
    properties: {
      text: { type: 'string', minLength: 3 },
      tone: { enum: ['loud', 'low'] },
      by_name: { type: 'object' },
    },
    required: ['text'],
    additionalProperties: false,
  }

  test('are all there, worded as the interface wants them', async () => {
    expect(await errorsOf(schema, { tone: 'secret', other: 1 })).toEqual([
      "Field '$' (category: 'required'): must have required property 'text'",
      "Field '$' (category: 'additionalProperties'): must NOT have additional properties",
      'Field \'$.tone\' (category: \'enum\'): must be one of "loud", "low"',
    ])
  })

  test('show what was sent where the author wants that', async () => {
    expect(await errorsOf(schema, { text: 'ab', other: 1 }, true)).toEqual([
      "Field '$' (category: 'additionalProperties'): must NOT have additional properties: \"other\"",
      "Field '$.text' (category: 'minLength'): must NOT have fewer than 3 characters, not \"ab\"",
    ])
  })

  test('repeat nothing of what was sent: neither values nor names', async () => {
    const open = {
      type: 'object',
      properties: { a: { type: 'object', additionalProperties: { type: 'integer' } } },
      propertyNames: { maxLength: 3 },
      patternProperties: {
        '^b': { const: 1 },
        '^c': { type: 'array', items: { format: 'email' }, uniqueItems: true },
      },
    }
    const secret = 's3cr3t'
    const body = {
      [secret]: 1,
      a: { [secret]: secret },
      [`b${secret}`]: secret,
      [`c${secret}`]: [secret, secret, { [secret]: 1 }],
    }
    const errors = await errorsOf(open, body)
    expect(errors.length).toBeGreaterThan(5)
    expect(errors.join()).not.toContain(secret)
    expect((await errorsOf(open, body, true)).join()).toContain(secret)
  })

  test('stay few, however much was sent', async () => {
    const list = (length: number) => ({ list: Array.from({ length }, () => 'x') })
    const numbers = { properties: { list: { items: { type: 'number' } } } }
    expect(await errorsOf(numbers, list(51))).toHaveLength(51)
    expect((await errorsOf(numbers, list(5000))).at(-1)).toBe('and 4950 more')
    expect(await errorsOf(numbers, list(200_000))).toHaveLength(1)
  })
})

describe('an input', () => {
  test.each([
    ['^(a+)+$', 'pattern'],
    ['^(?=a)(a+)+$', 'timeout'],
    ['^(a+)\\1+$', 'timeout'],
  ])('cannot hang the pattern %s', async (pattern, category) => {
    const schema = { properties: { a: { pattern } }, patternProperties: { [pattern]: {} } }
    const [error] = await errorsOf(schema, { a: `${'a'.repeat(50_000)}!` })
    expect(error).toContain(`(category: '${category}')`)
    expect(await fits(schema, { a: 'aaaa' })).toBe(true)
  })

  test('cannot hang a schema that refers to itself', async () => {
    const again = { properties: { c: { $ref: '#/$defs/n' } }, required: ['x'] }
    const schema = { $defs: { n: { anyOf: [again, again] } }, $ref: '#/$defs/n' }
    let body: object = {}
    for (let depth = 0; depth < MAXIMUM_DEPTH - 1; depth++) body = { c: body }
    expect(await errorsOf(schema, body)).toEqual([
      "Field '$' (category: 'timeout'): takes too long to check against the input schema",
    ])
    expect(await fits(schema, { x: 1, c: { x: 1 } })).toBe(true)
    expect(await errorsOf({ $ref: '#' }, {})).toHaveLength(1)
  })

  test.each([
    'uri',
    'uri-reference',
    'uri-template',
    'url',
    'email',
    'hostname',
    'ipv6',
    'byte',
    'date-time',
    'time',
  ])('cannot hang the format %s', async (format) => {
    const { validate } = compileInput({ properties: { a: { type: 'string', format } } })
    const long = (unit: string, start = '') => start + unit.repeat(30_000 / unit.length)
    for (const unit of [
      'a',
      ':',
      '.',
      '-',
      '/',
      '@',
      '0',
      'a.',
      'a-',
      '::',
      '%41',
      '{a}',
      '{',
      'AAAA\n',
      '#',
      'a:',
    ])
      for (const start of ['', 'http://', 'a@', '1:'])
        for (const end of ['', '!', '\n', '\u0000']) await validate({ a: long(unit, start) + end })
  })

  test('may be named __proto__ and the like', async () => {
    const schema = { type: 'object', properties: { a: {} }, additionalProperties: false }
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const body = parseJson(`{"a":{"${name}":1},"${name}":{"polluted":true}}`)
      expect([name, await fits(schema, body)]).toEqual([name, false])
      expect([name, await fits({ required: [name] }, {})]).toEqual([name, false])
      expect(await fits({ properties: { [name]: { type: 'object' } } }, body)).toBe(true)
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('is checked whatever it holds', async () => {
    const schema = {
      type: 'object',
      $defs: { tree: { type: 'object', properties: { a: { $ref: '#/$defs/tree' } } } },
      properties: {
        a: { $ref: '#/$defs/tree' },
        b: { type: 'string', pattern: '^(\\w|-)+$', format: 'hostname' },
      },
      patternProperties: { '^(x+)+$': { type: 'array', uniqueItems: true, contains: { type: 'null' } } },
      additionalProperties: { anyOf: [{ type: 'integer', multipleOf: 2 }, { const: { a: [null] } }] },
    }
    const { validate } = compileInput(schema)
    const key = fc.oneof(fc.constantFrom('a', 'b', 'xx', '__proto__'), fc.string())
    const body = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue())))
    await fc.assert(
      fc.asyncProperty(body, async (given) => {
        const json = parseJson(JSON.stringify(given))
        const before = JSON.stringify(json)
        const checked = await validate(json)
        expect(checked.ok ? checked.value : json).toBe(json)
        expect(JSON.stringify(json)).toBe(before)
        if (!checked.ok) expect(checked.errors[0]).toMatch(/^Field '\$.*' \(category: '\w+'\): /)
      }),
      { numRuns: 100 },
    )
  })
})

test('takes multiples of decimal fractions as people do', async () => {
  const schema = { properties: { price: { multipleOf: 0.01 } } }
  expect(await fits(schema, { price: 19.99 })).toBe(true)
  expect(await fits(schema, { price: 19.999 })).toBe(false)
})

test('takes what TypeBox makes', async () => {
  const Tree = Type.Cyclic({ Tree: Type.Object({ children: Type.Array(Type.Ref('Tree')) }) }, 'Tree')
  const schema = Type.Object({ tree: Tree, kind: Type.Union([Type.Literal('a'), Type.Literal('b')]) })
  expect(await fits(schema, { tree: { children: [{ children: [] }] }, kind: 'b' })).toBe(true)
  expect(await errorsOf(schema, { tree: { children: [{}] }, kind: 'a' })).toEqual([
    "Field '$.tree.children[0]' (category: 'required'): must have required property 'children'",
  ])
})

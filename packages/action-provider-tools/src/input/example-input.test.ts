import Type from 'typebox'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { compileInput } from './compile-input.ts'
import { exampleInput } from './example-input.ts'
import type { InputSchema } from './input-schema.ts'

const of = (schema: InputSchema, given?: unknown): Promise<unknown> =>
  exampleInput(compileInput(schema), given)

describe('an input to try a provider with', () => {
  test('is the one that is given', async () => {
    expect(await of(Type.Object({ text: Type.String() }), { text: 'hey' })).toEqual({ text: 'hey' })
  })

  test('is the first of the schema’s own examples that fits, or its default', async () => {
    const schema = { type: 'object', required: ['a'], examples: [{}, { a: 1 }], default: { a: 2 } }
    expect(await of(schema)).toEqual({ a: 1 })
    expect(await of({ ...schema, examples: [] })).toEqual({ a: 2 })
  })

  test('is else made from what is required', async () => {
    const schema = Type.Object({
      text: Type.String({ minLength: 6 }),
      shown: Type.String({ examples: ['like this'] }),
      usual: Type.Number({ default: 7 }),
      size: Type.Integer({ minimum: 3 }),
      share: Type.Number({ exclusiveMinimum: 0 }),
      sure: Type.Boolean(),
      when: Type.String({ format: 'date-time' }),
      kind: Type.Union([Type.Literal('a'), Type.Literal('b')]),
      items: Type.Array(Type.Object({ id: Type.String({ format: 'uuid' }) }), { minItems: 2 }),
      more: Type.Optional(Type.String()),
    })
    const example = await of(schema)
    expect(example).toMatchObject({ text: 'textxx', shown: 'like this', usual: 7, size: 3, kind: 'a' })
    expect(example).not.toHaveProperty('more')
  })

  test('follows references and combinations, and one that refers to itself to no end', async () => {
    expect(
      await of({
        type: 'object',
        $defs: { named: { required: ['name'], properties: { name: { enum: ['x', 'y'] } } } },
        allOf: [{ $ref: '#/$defs/named' }, { required: ['age'], properties: { age: { type: 'integer' } } }],
      }),
    ).toEqual({ name: 'x', age: 0 })
    const endless = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] }
    expect(await of(endless)).toBeUndefined()
  })

  test('comes from a Standard Schema too', async () => {
    expect(await of(z.object({ text: z.string(), count: z.number().int().min(2) }))).toEqual({
      text: 'text',
      count: 2,
    })
  })

  test('is nothing where none is known that fits, given or made', async () => {
    const schema = {
      type: 'object',
      properties: { code: { type: 'string', pattern: '^Q[0-9]{7}$' } },
      required: ['code'],
    }
    expect(await of(schema)).toBeUndefined()
    expect(await of(schema, { code: 'wrong' })).toBeUndefined()
    expect(await of(schema, { code: 'Q1234567' })).toEqual({ code: 'Q1234567' })
  })
})

import Type from 'typebox'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { defineActionProvider } from '../provider/define-action-provider.ts'
import type { compileInput } from './compile-input.ts'
import type { InferInput, JsonSchema, StandardSchema } from './input-schema.ts'

const description = { title: 'Echo', admin_contact: 'me@example.org', synchronous: true }

describe('the type of input follows the schema', () => {
  test('JSON Schema written in place', () => {
    defineActionProvider({
      description,
      input: {
        type: 'object',
        properties: {
          text: { type: 'string' },
          times: { type: 'integer' },
          tone: { enum: ['loud', 'low'] },
          tags: { type: 'array', items: { type: 'string' } },
        },
        required: ['text', 'tone'],
      },
      run: ({ input, request }) => {
        expectTypeOf(input.text).toEqualTypeOf<string>()
        expectTypeOf(input.times).toEqualTypeOf<number | undefined>()
        expectTypeOf(input.tone).toEqualTypeOf<'loud' | 'low'>()
        expectTypeOf(input.tags).toEqualTypeOf<string[] | undefined>()
        expectTypeOf(request.body).toEqualTypeOf(input)
        // @ts-expect-error: the schema speaks of no such field
        void input.volume
        return { text: input.text }
      },
    })
  })

  test('the value of an event may be no object', () => {
    defineActionProvider({
      description: { ...description, synchronous: false },
      input: { type: 'object' },
      run: async ({ waitFor }) => {
        expectTypeOf(await waitFor('text', { schema: { type: 'string' } })).toEqualTypeOf<string>()
        expectTypeOf(await waitFor('number', { schema: Type.Integer() })).toEqualTypeOf<number>()
        expectTypeOf(await waitFor('any', { schema: {} })).toEqualTypeOf<Record<string, unknown>>()
        return {}
      },
    })
  })

  test('TypeBox', () => {
    const Input = Type.Object({ text: Type.String(), times: Type.Optional(Type.Integer()) })
    defineActionProvider({
      description,
      input: Input,
      run: ({ input }) => {
        expectTypeOf(input).toEqualTypeOf<{ text: string; times?: number }>()
        return {}
      },
    })
  })

  test('Zod: what the schema makes of the input', () => {
    const Input = z.object({ text: z.string(), times: z.int().default(1), note: z.string().optional() })
    defineActionProvider({
      description,
      input: Input,
      run: ({ input }) => {
        expectTypeOf(input).toEqualTypeOf<z.output<typeof Input>>()
        return {}
      },
    })
  })

  test('work in another system and callbacks', () => {
    const input = z.object({ text: z.string() })
    defineActionProvider({
      description,
      input,
      start: (context) => {
        expectTypeOf(context.input).toEqualTypeOf<{ text: string }>()
        return 1
      },
      poll: (context) => {
        expectTypeOf(context.input).toEqualTypeOf<{ text: string }>()
        return { done: {} }
      },
    })
    type Compiled = ReturnType<typeof compileInput<typeof input>>
    expectTypeOf<Extract<Awaited<ReturnType<Compiled['validate']>>, { ok: true }>['value']>().toEqualTypeOf<{
      text: string
    }>()
  })

  test('any Standard Schema', () => {
    expectTypeOf<InferInput<StandardSchema<{ a: number }>>>().toEqualTypeOf<{ a: number }>()
  })

  test('a schema that is only known when it runs: an object of unknown fields', () => {
    expectTypeOf<InferInput<JsonSchema>>().toEqualTypeOf<Record<string, unknown>>()
    expectTypeOf<InferInput<Record<string, unknown>>>().toEqualTypeOf<Record<string, unknown>>()
    expectTypeOf<InferInput<{ type: string; required: string[] }>>().toEqualTypeOf<Record<string, unknown>>()
    expectTypeOf<InferInput<{ type: 'object' }>>().toEqualTypeOf<Record<string, unknown>>()
  })
})

import { defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'
import { z } from 'zod'

const description = { title: 'Echo', admin_contact: 'me@example.org', synchronous: true }

export const withTypeBox = defineActionProvider({
  description,
  input: Type.Object({
    text: Type.String({ minLength: 1 }),
    times: Type.Optional(Type.Integer({ minimum: 1 })),
  }),
  run: ({ input }) => ({ you_said: input.text.repeat(input.times ?? 1) }), // input: { text: string, times?: number }
})

export const withJsonSchema = defineActionProvider({
  description,
  input: {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { text: { type: 'string' }, tone: { enum: ['loud', 'low'] } },
    required: ['text'],
    additionalProperties: false,
  },
  run: ({ input }) => ({ you_said: input.tone === 'loud' ? input.text.toUpperCase() : input.text }),
})

export const withZod = defineActionProvider({
  description,
  input: z.strictObject({ text: z.string().min(1), times: z.int().min(1).default(1) }),
  run: ({ input }) => ({ you_said: input.text.repeat(input.times) }),
})

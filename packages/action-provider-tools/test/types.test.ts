import { expectTypeOf, test } from 'vitest'
import { defineActionProvider } from '../src/index.ts'

const description = { title: 'types', admin_contact: 'support@example.org', synchronous: false }

test('poll and cancel are given what start returned, as its type says', () => {
  defineActionProvider({
    description,
    input: { type: 'object' },
    start: async ({ action_id }) => ({ job: action_id, node: 7 }),
    poll: ({ handle }) => {
      expectTypeOf(handle).toEqualTypeOf<{ job: string; node: number }>()
      return { done: { node: handle.node } }
    },
    cancel: ({ handle }) => {
      expectTypeOf(handle).toEqualTypeOf<{ job: string; node: number }>()
    },
  })
  defineActionProvider({
    description,
    input: { type: 'object' },
    start: () => 'job',
    poll: ({ handle }) => {
      expectTypeOf(handle).toEqualTypeOf<string>()
      return {}
    },
  })
})

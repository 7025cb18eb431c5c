import { expect, expectTypeOf, test } from 'vitest'
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

test('durations are milliseconds, texts or units; only work with steps has a version', () => {
  const work = { description, input: { type: 'object' } } as const
  defineActionProvider({
    ...work,
    version: '2026-11',
    versions: { compatible: ['2026-10'] },
    onOtherVersion: 'wait',
    cancelGrace: { minutes: 1 },
    answerWithin: 'PT10S',
    retry: { backoff: 5, maximumBackoff: { hours: 1 } },
    run: () => ({}),
  })
  const remote = { start: () => 'job', poll: () => ({}), pollInterval: 'PT10S' }
  defineActionProvider({ ...work, ...remote })
  // @ts-expect-error Work in another system has no steps.
  expect(() => defineActionProvider({ ...work, ...remote, version: '2026-11' })).toThrow('has no steps')
})

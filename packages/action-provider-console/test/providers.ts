import { defineActionProvider } from 'action-provider-tools'

const description = { admin_contact: 'support@example.org', visible_to: ['public'] }

/** An input of every kind that a form knows. */
export const kinds = defineActionProvider({
  description: {
    ...description,
    title: 'Kinds',
    subtitle: 'Takes an input of every kind',
    synchronous: true,
  },
  input: {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 2, description: 'At least two letters' },
      amount: { type: 'integer', minimum: 1 },
      share: { type: 'number' },
      loud: { type: 'boolean' },
      tone: { enum: ['kind', 'curt'] },
      tags: { type: 'array', items: { type: 'string' } },
      place: {
        type: 'object',
        properties: { city: { type: 'string' }, country: { type: 'string' } },
        required: ['city'],
      },
      source: {
        oneOf: [
          { title: 'A file', type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
          {
            title: 'A query',
            type: 'object',
            properties: { query: { type: 'string' } },
            required: ['query'],
          },
        ],
      },
    },
    required: ['name'],
    additionalProperties: false,
  },
  run: ({ input }) => ({ got: input as Record<string, unknown> }),
})

/** What tests let the work of `steered` do. */
export type Steps = {
  progress(details: Record<string, unknown>, words: string): void
  log(code: string, description: string, details?: Record<string, unknown>): void
  end(details: Record<string, unknown>): void
}

/** The work that goes on, by the name in its input. */
export const steered = new Map<string, Steps>()

/** Works as the tests tell it to. */
export const steeredProvider = defineActionProvider({
  description: {
    ...description,
    title: 'Archive',
    subtitle: 'Copies files to the archive',
    synchronous: false,
    log_supported: true,
  },
  input: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  concurrency: 100,
  run: ({ input, progress, log, signal }) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      const { name } = input as { name: string }
      steered.set(name, { progress, log, end: resolve })
    }),
})

/** Work of two steps and a sleep between them. */
export const steppingProvider = defineActionProvider({
  description: {
    ...description,
    title: 'Stepping',
    subtitle: 'Works in steps',
    synchronous: false,
    log_supported: true,
  },
  input: { type: 'object', additionalProperties: false },
  run: async ({ step, sleep }) => {
    const prepared = await step('prepare', () => ({ files: 12 }))
    await sleep('until it is settled', 300)
    await step('copy', () => 'done')
    return prepared
  },
})

/** Work that pauses once, until somebody resumes it. */
export const pausingProvider = defineActionProvider({
  description: {
    ...description,
    title: 'Pausing',
    subtitle: 'Stops until it is resumed',
    synchronous: false,
  },
  input: { type: 'object', additionalProperties: false },
  run: ({ attempt, pause }) => {
    if (attempt === 1) pause({ code: 'TapeMissing', description: 'Insert tape 12, then resume the action' })
    return { tape: 12 }
  },
})

/** Work that waits until somebody approves of it. */
export const approvalProvider = defineActionProvider({
  description: {
    ...description,
    title: 'Approval',
    subtitle: 'Waits for an event',
    synchronous: false,
    log_supported: true,
  },
  input: { type: 'object', additionalProperties: false },
  run: async ({ waitFor }) => {
    const schema = {
      type: 'object',
      properties: { approved: { type: 'boolean' }, reason: { type: 'string', minLength: 3 } },
      required: ['reason'],
      additionalProperties: false,
    }
    return { answered: (await waitFor('approval', { schema })) as Record<string, unknown> }
  },
})

/** Work that waits for an event, and keeps no log that would have its schema. */
export const quietProvider = defineActionProvider({
  description: { ...description, title: 'Quiet', synchronous: false, log_supported: false },
  input: { type: 'object', additionalProperties: false },
  run: async ({ waitFor }) => {
    const schema = { type: 'object', properties: { number: { type: 'integer' } }, required: ['number'] }
    return { ...(await waitFor('number', { schema })) } as Record<string, unknown>
  },
})

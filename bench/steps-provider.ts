/** A provider whose work is nothing but steps, one after the other, as many as its input asks for. */
import { defineActionProvider, serve } from 'action-provider-tools'

const provider = defineActionProvider({
  description: {
    title: 'Steps',
    admin_contact: 'support@example.org',
    synchronous: false,
    visible_to: ['public'],
  },
  input: {
    type: 'object',
    properties: { steps: { type: 'integer', minimum: 0 } },
    required: ['steps'],
  } as const,
  concurrency: 1_000,
  run: async ({ input, step }) => {
    let sum = 0
    for (let number = 1; number <= input.steps; number++) sum += await step('step', async () => number)
    return { sum }
  },
})

await serve(provider, { prefix: '/steps', name: 'steps', exampleInput: { steps: 1 } })

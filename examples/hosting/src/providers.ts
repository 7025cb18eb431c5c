import { defineActionProvider } from 'action-provider-tools'

/** A provider that answers at once. */
export const echo = defineActionProvider({
  namespace: 'echo',
  description: {
    title: 'Echo',
    admin_contact: 'support@example.org',
    synchronous: true,
    visible_to: ['public'],
  },
  input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  run: ({ input }) => ({ said: input.text }),
})

/** A provider whose work goes on in the background. */
export const countdown = defineActionProvider({
  namespace: 'countdown',
  description: {
    title: 'Countdown',
    admin_contact: 'support@example.org',
    synchronous: false,
    visible_to: ['public'],
  },
  input: {
    type: 'object',
    properties: { from: { type: 'integer', minimum: 1, maximum: 100, default: 3 } },
    required: ['from'],
  },
  async run({ input, progress, signal }) {
    for (let left = input.from; left > 0; left--) {
      await progress({ left })
      await new Promise((resolve) => setTimeout(resolve, 20))
      signal.throwIfAborted()
    }
    return { left: 0 }
  },
})

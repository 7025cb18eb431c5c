import { defineActionProvider } from '../../src/index.ts'

const contact = { admin_contact: 'support@example.org' }
/** The input schema of `echo`. */
export const input = {
  type: 'object',
  properties: { input_string: { type: 'string' } },
  required: ['input_string'],
  additionalProperties: false,
}
/** Says back what it gets. */
export const echo = defineActionProvider({
  description: { ...contact, title: 'echo', synchronous: true },
  input,
  run: ({ input }) => ({ you_said: input.input_string }),
})
/** Waits for somebody, then for its cancel. */
export const waits = defineActionProvider({
  description: { ...contact, title: 'waits', synchronous: false },
  input: { type: 'object' },
  run: async ({ signal, attempt, pause, log }) => {
    log('Began', `Run ${attempt}`, { attempt })
    if (attempt === 1) pause({ code: 'NeedsApproval', description: 'Somebody must approve it' })
    return await new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    )
  },
})
/** Keeps no log. */
export const silent = defineActionProvider({
  description: { ...contact, title: 'without log', synchronous: false, log_supported: false },
  input: { type: 'object' },
  run: () => ({}),
})

/** A request to run `echo`. */
export const run = (request_id: string, more: object = {}): object => ({
  request_id,
  body: { input_string: 'hey' },
  ...more,
})

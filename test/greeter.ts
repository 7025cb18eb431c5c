/** A provider whose work holds its place until it greets, and so is taken over where its instance dies. */
import { setTimeout as pause } from 'node:timers/promises'
import { defineActionProvider, serve } from 'action-provider-tools'

const greeter = defineActionProvider({
  description: {
    title: 'Greeter',
    admin_contact: 'support@example.org',
    synchronous: false,
    log_supported: true,
    visible_to: ['public'],
  },
  input: {
    type: 'object',
    properties: {
      echo_string: { type: 'string', description: 'The text to echo back' },
      work_time: { type: 'number', description: 'How many seconds it works' },
      required_dependent_scope: { type: 'string', description: 'A scope that it needs a token for' },
    },
    required: ['echo_string', 'work_time'],
    additionalProperties: false,
  } as const,
  concurrency: 1_000,
  run: async ({ input, attempt, log, signal, dependentToken }) => {
    log('Started', `Run ${attempt}`)
    if (input.required_dependent_scope !== undefined) await dependentToken(input.required_dependent_scope)
    await pause(input.work_time * 1_000, undefined, { signal })
    return { hello: input.echo_string }
  },
})

await serve(greeter, { prefix: '/greeter', exampleInput: { echo_string: 'hey', work_time: 1 } })

import { defineActionProvider } from 'action-provider-tools'

const Input = {
  title: 'Hello World',
  type: 'object',
  properties: {
    echo_string: { type: 'string', description: 'The text to echo back' },
    sleep_time: {
      type: 'number',
      minimum: 0,
      maximum: 30 * 86_400,
      description: 'How many seconds to stay ACTIVE',
    },
    required_dependent_scope: {
      type: 'string',
      minLength: 1,
      description: 'A scope that you must have consented to',
    },
  },
  additionalProperties: false,
} as const

/** The asynchronous example: it sleeps, says how far it is, keeps a log, and may need its caller's consent. */
export const helloWorld = defineActionProvider({
  description: {
    title: 'Hello World',
    subtitle: 'Greets, after a while',
    admin_contact: 'support@globus.org',
    synchronous: false,
    visible_to: ['public'],
  },
  input: Input,
  concurrency: 1_000,
  run: async ({ input, step, sleep, progress, log, dependentToken }) => {
    const { echo_string, sleep_time = 0, required_dependent_scope: scope } = input
    if (scope !== undefined) {
      await step('authorize', async () => {
        await dependentToken(scope)
        log('Authorized', 'Got a dependent token', { scope })
      })
    }
    const greeting = { Hello: 'World', ...(echo_string !== undefined && { hello: echo_string }) }
    if (sleep_time > 0) {
      progress({ ...greeting, sleep_time }, `Sleeps for ${sleep_time} s`)
      // A long sleep frees the place and the memory; when it is over, this function is called again.
      await sleep('sleep', { seconds: sleep_time })
    }
    log('Finished', 'Said hello')
    return greeting
  },
})

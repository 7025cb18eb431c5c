import { setTimeout as sleep } from 'node:timers/promises'
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
  run: async ({ input, start_time, attempt, progress, log, signal, dependentToken }) => {
    const { echo_string, sleep_time = 0, required_dependent_scope } = input
    log('Started', `Run ${attempt}`)
    if (required_dependent_scope !== undefined) {
      await dependentToken(required_dependent_scope)
      log('Authorized', 'Got a dependent token', { scope: required_dependent_scope })
    }
    const greeting = { Hello: 'World', ...(echo_string !== undefined && { hello: echo_string }) }
    const started = Date.parse(start_time)
    const wakeAt = started + sleep_time * 1_000
    for (let now = Date.now(); now < wakeAt; now = Date.now()) {
      const slept = Math.max(0, Math.round((now - started) / 1_000))
      progress({ ...greeting, slept, sleep_time }, `Slept ${slept} of ${sleep_time} s`)
      await sleep(Math.min(wakeAt - now, Math.max(1_000, sleep_time * 100)), undefined, { signal })
    }
    log('Finished', 'Said hello')
    return greeting
  },
})

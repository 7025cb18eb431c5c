/** A provider whose work sleeps until a time, holds its place for so long, and says when it went on. */
import { setTimeout as pause } from 'node:timers/promises'
import { defineActionProvider, serve } from 'action-provider-tools'

const provider = defineActionProvider({
  description: {
    title: 'Sleeping',
    admin_contact: 'support@example.org',
    synchronous: false,
    visible_to: ['public'],
  },
  input: {
    type: 'object',
    properties: {
      until: { type: 'number', description: 'Milliseconds since 1970' },
      busy: { type: 'number', description: 'Milliseconds' },
    },
  } as const,
  concurrency: 100,
  answerWithin: 0,
  run: async ({ input, sleep }) => {
    if (input.until !== undefined) await sleep('until', new Date(input.until))
    const at = Date.now()
    if (input.busy !== undefined) await pause(input.busy)
    return { at }
  },
})

await serve(provider, { prefix: '/sleeping', name: 'sleeping', exampleInput: { busy: 1 } })

/**
 * A provider whose work heeds no signal: it goes on although its instance has lost it, until its gate opens in its process. It
 * writes down what it does. Both are files in the folder `GATES`.
 */
import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { defineActionProvider, serve } from 'action-provider-tools'
import { type DeafSight, gateIn, sightsIn } from './gates.ts'

const { GATES = '.' } = process.env

const deaf = defineActionProvider({
  description: {
    title: 'Deaf',
    admin_contact: 'support@example.org',
    synchronous: false,
    log_supported: true,
    visible_to: ['public'],
  },
  input: {
    type: 'object',
    properties: {
      gate: { type: 'string', description: 'What it waits for' },
      in_step: { type: 'boolean', description: 'Whether it does so in a step' },
      waits: { type: 'boolean', description: 'Whether it waits for an event meanwhile' },
    },
    required: ['gate', 'in_step', 'waits'],
    additionalProperties: false,
  } as const,
  answerWithin: 0,
  run: async ({ input, action_id, step, waitFor, progress, log }) => {
    const by = process.pid
    const note = (what: DeafSight['what']): void => {
      const sight: DeafSight = { what, action_id, process: by }
      appendFileSync(sightsIn(GATES), `${JSON.stringify(sight)}\n`)
    }
    const work = async (): Promise<number> => {
      while (!existsSync(gateIn(GATES, input.gate, by))) await pause(20)
      note('woke')
      return by
    }
    progress({ by })
    note('begin')
    const [done, go] = await Promise.all([
      input.in_step ? step('work', work) : work(),
      input.waits ? waitFor('go', { schema: { type: 'object' } as const }) : undefined,
    ])
    progress({ by, done })
    log('Done', `By ${by}`)
    // Both are written meanwhile, before the result.
    await pause(300)
    return { by, done, ...(go && { go }) }
  },
})

await serve(deaf, { prefix: '/deaf', exampleInput: { gate: 'first', in_step: true, waits: false } })

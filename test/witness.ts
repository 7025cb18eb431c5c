/**
 * A provider whose work writes down what it does, and when by a clock that all processes share, to the file `WITNESS`. With
 * `RESTARTABLE=no` it may not run twice.
 */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineActionProvider, serve } from 'action-provider-tools'

/** What a witness saw, and when, in milliseconds of a clock that never jumps. */
export type Sight = {
  what: 'begin' | 'step' | 'stop' | 'end'
  action_id: string
  attempt: number
  process: number
  at: number
}

const Input = {
  type: 'object',
  properties: { work_time: { type: 'number', description: 'How many milliseconds it works' } },
  required: ['work_time'],
  additionalProperties: false,
} as const

const { WITNESS, RESTARTABLE } = process.env

/** How long it works between two lines that say so, in milliseconds. */
const STEP = 100

const witness = defineActionProvider({
  description: {
    title: 'Witness',
    admin_contact: 'support@example.org',
    synchronous: false,
    log_supported: true,
    visible_to: ['public'],
  },
  input: Input,
  concurrency: 200,
  restartable: RESTARTABLE !== 'no',
  run: async ({ input, action_id, attempt, signal, log }) => {
    const note = (what: Sight['what']): void => {
      if (WITNESS === undefined) return
      const at = Number(process.hrtime.bigint()) / 1e6
      const sight: Sight = { what, action_id, attempt, process: process.pid, at }
      appendFileSync(WITNESS, `${JSON.stringify(sight)}\n`)
    }
    note('begin')
    log('Started', `Run ${attempt}`)
    const end = performance.now() + input.work_time
    try {
      for (let left = input.work_time; left > 0; left = end - performance.now()) {
        await sleep(Math.min(left, STEP), undefined, { signal })
        note('step')
      }
    } catch (error) {
      note('stop')
      throw error
    }
    log('Finished', `Run ${attempt}`)
    note('end')
    return { attempt }
  },
})

await serve(witness, { prefix: '/witness', exampleInput: { work_time: 100 } })

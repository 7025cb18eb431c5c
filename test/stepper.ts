/**
 * A provider whose work is five steps. It writes down each step that it does, and each result that is kept, to the file `STEPS`:
 * outside of the database, as the effects of real steps are.
 */
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineActionProvider, serve } from 'action-provider-tools'
import { STEP_NAMES, type StepLine } from './step-lines.ts'

const { STEPS } = process.env

const stepper = defineActionProvider({
  description: {
    title: 'Stepper',
    admin_contact: 'support@example.org',
    synchronous: false,
    log_supported: true,
    visible_to: ['public'],
  },
  input: {
    type: 'object',
    properties: { step_time: { type: 'number', description: 'How many milliseconds each step takes' } },
    required: ['step_time'],
    additionalProperties: false,
  } as const,
  concurrency: 200,
  answerWithin: 0,
  run: async ({ input, action_id, attempt, step, log }) => {
    const note = (line: Pick<StepLine, 'what' | 'step' | 'result'>): void => {
      if (STEPS === undefined) return
      const at = Number(process.hrtime.bigint()) / 1e6
      appendFileSync(STEPS, `${JSON.stringify({ ...line, action_id, attempt, at } satisfies StepLine)}\n`)
    }
    note({ what: 'begin' })
    log('Started', `Run ${attempt}`)
    const results: string[] = []
    for (const name of STEP_NAMES) {
      const result = await step(name, async ({ signal }) => {
        await sleep(input.step_time, undefined, { signal })
        const given = randomUUID()
        note({ what: 'done', step: name, result: given })
        return given
      })
      note({ what: 'kept', step: name, result })
      results.push(result)
    }
    return { results }
  },
})

await serve(stepper, { prefix: '/stepper', exampleInput: { step_time: 10 } })

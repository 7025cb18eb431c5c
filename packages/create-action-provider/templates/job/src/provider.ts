import { ActionFailed, defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'
import { isFinished, type Queue } from './queue.ts'

const Input = Type.Object(
  {
    words: Type.Array(Type.String({ maxLength: 200 }), {
      description: 'What the job counts',
      minItems: 1,
      maxItems: 1_000,
      examples: [['one', 'two', 'two']],
    }),
    minutes: Type.Optional(
      Type.Integer({ description: 'The time limit of the job', minimum: 1, maximum: 60, default: 5 }),
    ),
  },
  { additionalProperties: false },
)

/**
 * Runs a job in a queue that another system keeps. The job's name is the action's id, so that a job that was submitted
 * just before a crash is found again and not submitted twice.
 */
export const providerOf = (queue: Queue, pollInterval = 5_000) =>
  defineActionProvider({
    namespace: '__name__',
    description: {
      title: '__title__',
      subtitle: 'Counts words on a cluster',
      admin_contact: 'you@example.org',
      synchronous: false,
      visible_to: ['public'],
      runnable_by: ['all_authenticated_users'],
    },
    input: Input,
    pollInterval,
    async start({ action_id, attempt, input, log, signal }) {
      const submitted = attempt > 1 ? await queue.find(action_id, signal) : undefined
      const { words, minutes = 5 } = input
      const id =
        submitted ?? (await queue.submit({ name: action_id, script: script(words), minutes }, signal))
      log('Submitted', `Job ${id}`)
      return { id }
    },
    async poll({ handle, signal }) {
      const { state, exitCode } = await queue.state(handle.id, signal)
      if (!isFinished(state)) return { progress: { job: handle.id, state }, displayStatus: state }
      if (state === 'COMPLETED') return { done: { job: handle.id, state } }
      const description = `Job ${handle.id} ended as ${state}, with exit code ${exitCode}`
      throw new ActionFailed({ code: 'JobFailed', description, job: handle.id, state, exit_code: exitCode })
    },
    cancel: ({ handle, signal }) => queue.cancel(handle.id, signal),
  })

/** The batch script. Words of callers stand in quotes: nothing in them means anything to the shell. */
function script(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  return `#!/bin/sh\nprintf '%s\\n' ${quoted.join(' ')} | sort | uniq --count\n`
}

import { ActionFailed, defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'
import { countWords, split } from './words.ts'

/**
 * Works on after its request was answered, in steps. A step that has ended is not done again, whatever happens to the process: the work
 * goes on after the last one.
 */
export const provider = defineActionProvider({
  namespace: '__name__',
  description: {
    title: '__title__',
    subtitle: 'Counts words, in steps',
    admin_contact: 'you@example.org',
    synchronous: false,
    visible_to: ['public'],
    runnable_by: ['all_authenticated_users'],
  },
  input: Type.Object(
    {
      text: Type.String({ description: 'What to count the words of', examples: ['to be or not to be'] }),
      rest: Type.Optional(
        Type.Number({
          description: 'How many seconds to rest before it counts',
          minimum: 0,
          maximum: 86_400,
        }),
      ),
    },
    { additionalProperties: false },
  ),
  async run({ input, step, sleep, progress }) {
    const words = await step('split', () => split(input.text))
    if (words.length === 0) throw new ActionFailed({ code: 'NoWords', description: 'The text has no words' })
    progress({ words: words.length }, 'Counting')
    if (input.rest) await sleep('rest', { seconds: input.rest })
    // What another system does in place of this gets `idempotencyKey`: it is the same when the step is tried again.
    const counts = await step('count', () => countWords(words), { retry: { limit: 3 } })
    return { words: words.length, counts }
  },
})

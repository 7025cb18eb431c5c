import { defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'

/** Answers with what it was told. Its actions are complete at once. */
export const provider = defineActionProvider({
  namespace: '__name__',
  description: {
    title: '__title__',
    subtitle: 'Says what it was told',
    admin_contact: 'you@example.org',
    synchronous: true,
    visible_to: ['public'],
    runnable_by: ['all_authenticated_users'],
  },
  input: Type.Object(
    { text: Type.String({ description: 'What to say', examples: ['hey'] }) },
    { additionalProperties: false },
  ),
  run: ({ input }) => ({ you_said: input.text }),
})

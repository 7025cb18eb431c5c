import { defineActionProvider, serve } from 'action-provider-tools'
import Type from 'typebox'

const echo = defineActionProvider({
  description: { title: 'Echo', admin_contact: 'me@example.org', synchronous: true, visible_to: ['public'] },
  input: Type.Object({ text: Type.String() }),
  run: ({ input }) => ({ you_said: input.text }),
})

await serve(echo, { prefix: '/echo' })

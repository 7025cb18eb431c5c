import {
  type ActionProvider,
  actionProvider,
  cloudwatchEmf,
  createApplication,
  createMetrics,
  defineActionProvider,
  globusAuth,
  openStore,
} from 'action-provider-tools'
import Type from 'typebox'

export async function measured(
  echo: ActionProvider,
  clientId: string,
  clientSecret: string,
  scope: string,
): Promise<void> {
  const store = await openStore('sqlite:data/actions.db')
  const metrics = createMetrics()
  const app = createApplication({ metrics })
  const auth = globusAuth({ clientId, clientSecret, scope, onCall: metrics.authCall })
  await app.register(actionProvider, { prefix: '/echo', provider: echo, auth, store })
}

export const echo = defineActionProvider({
  description: { title: 'Echo', admin_contact: 'me@example.org', synchronous: true },
  input: Type.Object({ text: Type.String() }),
  hooks: cloudwatchEmf({ namespace: 'Science', actionProvider: 'Echo' }),
  run: ({ input }) => ({ you_said: input.text }),
})

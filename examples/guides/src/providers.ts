import {
  actionProvider,
  createApplication,
  defineActionProvider,
  globusAuth,
  openStore,
  TemporaryFailure,
} from 'action-provider-tools'
import Type from 'typebox'

const provider = defineActionProvider({
  namespace: 'resize',
  description: { title: 'Resize images', admin_contact: 'me@example.org', synchronous: true },
  input: Type.Object({ width: Type.Integer() }),
  run: ({ input }) => ({ width: input.width }),
})

export const simulate = defineActionProvider({
  namespace: 'simulate',
  description: { title: 'Simulate', admin_contact: 'me@example.org', synchronous: false },
  input: Type.Object({ cluster: Type.String() }),
  concurrency: { instance: 100, perCaller: 10, key: ({ input }) => input.cluster, perKey: 4 },
  run: async ({ input }) => ({ on: input.cluster }),
})

export async function register(clientId: string, clientSecret: string, scope: string): Promise<void> {
  const app = createApplication()
  const store = await openStore('sqlite:data/actions.db')
  const auth = globusAuth({ clientId, clientSecret, scope })
  const keys = [Buffer.from(process.env.SECRETS_KEY ?? '', 'base64')]
  await app.register(actionProvider, { prefix: '/resize', provider, auth, store, secretsKeys: keys })
  await app.listen({ port: 5000 })
}

export function busy(answer: Response): void {
  if (answer.status === 503) throw new TemporaryFailure('The image server is busy', { retryAfter: 30_000 })
}

export const clusterJobs = defineActionProvider({
  description: { title: 'Cluster jobs', admin_contact: 'me@example.org', synchronous: false },
  input: Type.Object({ cluster: Type.String() }),
  concurrency: { instance: 100, perCaller: 10, key: ({ input }) => input.cluster, perKey: 4 },
  run: ({ input }) => ({ ran_on: input.cluster }),
})

import { defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'

/** The other system, as far as a provider needs it. */
export type Cluster = {
  submit: (script: string, key: string) => Promise<{ id: string }>
  isDone: (id: string) => Promise<boolean>
  collect: (id: string, options: { signal: AbortSignal }) => Promise<{ output: string }>
}

export const simulate = (cluster: Cluster, pause = { minutes: 5 }) =>
  defineActionProvider({
    description: { title: 'Simulate', admin_contact: 'me@example.org', synchronous: false },
    input: Type.Object({ script: Type.String() }),
    run: async ({ input, step, sleep }) => {
      const job = await step('submit', ({ idempotencyKey }) => cluster.submit(input.script, idempotencyKey))
      while (!(await step('poll', () => cluster.isDone(job.id)))) await sleep('until the next poll', pause)
      return step('collect', ({ signal }) => cluster.collect(job.id, { signal }), {
        retry: { limit: 10 },
        timeout: 'PT2M',
      })
    },
  })

/** What the approver decides. */
const Approval = Type.Object({ approved: Type.Boolean(), by: Type.String() })

export const publish = (mail: (text: string) => Promise<void>) =>
  defineActionProvider({
    description: { title: 'Publish', admin_contact: 'me@example.org', synchronous: false },
    input: Type.Object({ title: Type.String() }),
    run: async ({ input, step, waitFor, callbackUrl }) => {
      const url = callbackUrl('approval')
      await step('ask', () => mail(`May "${input.title}" be published? Answer at ${url}`))
      const { approved, by } = await waitFor('approval', { schema: Approval, timeout: { days: 2 } })
      return { published: approved, decided_by: by }
    },
  })

export const report = defineActionProvider({
  version: '2026-11',
  versions: { compatible: ['2026-10'] },
  onOtherVersion: 'wait',
  description: { title: 'Report', admin_contact: 'me@example.org', synchronous: false },
  input: Type.Object({ text: Type.String() }),
  run: ({ input, step }) => step('send', () => ({ sent: input.text })),
})

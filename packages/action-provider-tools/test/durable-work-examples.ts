/** The examples of docs/durable-work.md: `npm run check` reads them, and a test compares. */
import Type from 'typebox'
import { defineActionProvider } from '../src/index.ts'

declare const cluster: {
  submit: (input: { script: string }, key: string) => Promise<{ id: string }>
  isDone: (id: string) => Promise<boolean>
  collect: (id: string, options: { signal: AbortSignal }) => Promise<{ output: string }>
}

export const simulate = defineActionProvider({
  description: { title: 'Simulate', admin_contact: 'me@example.org', synchronous: false },
  input: Type.Object({ script: Type.String() }),
  run: async ({ input, step, sleep }) => {
    const job = await step('submit', ({ idempotencyKey }) => cluster.submit(input, idempotencyKey))
    while (!(await step('poll', () => cluster.isDone(job.id))))
      await sleep('before the next poll', { minutes: 5 })
    return step('collect', ({ signal }) => cluster.collect(job.id, { signal }), {
      retry: { limit: 10 },
      timeout: 'PT2M',
    })
  },
})

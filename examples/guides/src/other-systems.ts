import { ActionFailed, defineActionProvider } from 'action-provider-tools'
import Type from 'typebox'

type Job = { state: 'queued' | 'running' | 'finished' | 'failed'; output: string }

/** The other system, as far as a provider needs it. */
export type Cluster = {
  submit: (command: string, options: { key: string }) => Promise<{ job: string }>
  job: (id: string) => Promise<Job>
  cancel: (id: string) => Promise<void>
}

export const clusterJob = (cluster: Cluster, pollInterval = 10_000) =>
  defineActionProvider({
    description: { title: 'Cluster job', admin_contact: 'me@example.org', synchronous: false },
    input: Type.Object({ command: Type.String() }),
    start: ({ input, action_id }) => cluster.submit(input.command, { key: action_id }),
    poll: async ({ handle }) => {
      const { state, output } = await cluster.job(handle.job)
      if (state === 'failed') throw new ActionFailed({ code: 'JobFailed', description: output })
      return state === 'finished' ? { done: { output } } : { progress: { state } }
    },
    cancel: ({ handle }) => cluster.cancel(handle.job),
    pollInterval,
  })

import { ActionConflict, type ActionStatus, defineActionProvider, identityURN } from 'action-provider-tools'
import Type from 'typebox'

type Job = { id: string; owner: string; state: 'queued' | 'done' | 'stopped'; output?: string }

/** The system that keeps the actions, as far as a provider needs it. */
export type Batch = {
  submit: (job: { key: string; owner: string; command: string }) => Promise<{ job: Job; isNew: boolean }>
  find: (id: string) => Promise<Job | undefined>
  stop: (id: string) => Promise<Job>
  forget: (id: string) => Promise<Job>
}

const statusOf = (job: Job): ActionStatus => ({
  action_id: job.id,
  creator_id: identityURN(job.owner),
  status: job.state === 'queued' ? 'ACTIVE' : job.state === 'done' ? 'SUCCEEDED' : 'FAILED',
  details:
    job.state === 'stopped'
      ? { code: 'Stopped', description: 'The job was stopped' }
      : { output: job.output ?? '' },
})

export const queue = (batch: Batch) =>
  defineActionProvider({
    description: { title: 'Queue', admin_contact: 'me@example.org', synchronous: false },
    input: Type.Object({ command: Type.String() }),
    async run({ auth, request, input }) {
      const owner = auth.effectiveIdentity.split(':').at(-1) ?? ''
      const key = `${owner} ${request.request_id}`
      const { job, isNew } = await batch.submit({ key, owner, command: input.command })
      return isNew ? statusOf(job) : { repeated: statusOf(job) }
    },
    async status({ action_id }) {
      const job = await batch.find(action_id)
      return job && statusOf(job)
    },
    cancel: async ({ action_id }) => statusOf(await batch.stop(action_id)),
    async release({ action_id }) {
      const job = await batch.find(action_id)
      if (job?.state === 'queued') throw new ActionConflict('The job is not over: cancel it first')
      return statusOf(await batch.forget(action_id))
    },
  })

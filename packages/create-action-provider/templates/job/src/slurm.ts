import { ServiceUnavailable, TemporaryFailure } from 'action-provider-tools'
import type { JobState, Queue } from './queue.ts'

/** Where the REST interface of a Slurm cluster (slurmrestd) is, and who submits the jobs. */
export type SlurmOptions = {
  /** Such as `https://slurm.example.org:6820`. */
  url: string
  user: string
  /** A token of `scontrol token`. */
  token: string
  /** The version of the interface (default `v0.0.41`). */
  version?: string
  /** The folder that jobs run in, on the cluster (default `/tmp`). */
  folder?: string
}

type Answer = {
  job_id?: number
  jobs?: {
    job_id: number
    name: string
    job_state: string[]
    exit_code?: { return_code?: { number?: number } }
  }[]
  errors?: { description?: string; error?: string }[]
}

/** The queue of a Slurm cluster, by its REST interface. */
export function slurm({ url, user, token, version = 'v0.0.41', folder = '/tmp' }: SlurmOptions): Queue {
  async function ask(method: string, path: string, signal: AbortSignal, body?: unknown): Promise<Answer> {
    const answer = await fetch(new URL(`/slurm/${version}/${path}`, url), {
      method,
      headers: {
        'content-type': 'application/json',
        'x-slurm-user-name': user,
        'x-slurm-user-token': token,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    }).catch((error: unknown) => {
      // An interruption is no outage.
      if (signal.aborted) throw error
      throw new ServiceUnavailable('The cluster cannot be reached')
    })
    if (answer.status >= 500) throw new TemporaryFailure(`The cluster answered ${answer.status}`)
    const content = (await answer.json().catch(() => ({}))) as Answer
    const [problem] = content.errors ?? []
    if (answer.ok && problem === undefined) return content
    throw new Error(
      `The cluster answered ${answer.status}: ${problem?.description ?? problem?.error ?? 'nothing else'}`,
    )
  }

  return {
    async submit({ name, script, minutes }, signal) {
      const job = {
        name,
        current_working_directory: folder,
        environment: ['PATH=/usr/local/bin:/usr/bin:/bin'],
        time_limit: { number: minutes, set: true },
      }
      const { job_id } = await ask('POST', 'job/submit', signal, { script, job })
      if (job_id === undefined) throw new Error('The cluster answered without a job_id')
      return `${job_id}`
    },
    async find(name, signal) {
      const { jobs = [] } = await ask('GET', 'jobs/', signal)
      const found = jobs.find((job) => job.name === name)
      return found && `${found.job_id}`
    },
    async state(id, signal): Promise<JobState> {
      const { jobs = [] } = await ask('GET', `job/${id}`, signal)
      const [state = 'UNKNOWN'] = jobs[0]?.job_state ?? []
      const exitCode = jobs[0]?.exit_code?.return_code?.number
      return { state, ...(exitCode !== undefined && { exitCode }) }
    },
    async cancel(id, signal) {
      await ask('DELETE', `job/${id}`, signal)
    },
  }
}

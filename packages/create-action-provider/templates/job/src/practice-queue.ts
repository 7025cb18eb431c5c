import type { JobState, Queue } from './queue.ts'

/**
 * A queue in this process, for development and tests: its jobs run nothing, wait once, run once, and are done. They are
 * gone when the process ends.
 */
export function practiceQueue(): Queue {
  const jobs = new Map<string, { name: string; states: string[] }>()
  const jobOf = (id: string): { name: string; states: string[] } => {
    const job = jobs.get(id)
    if (job === undefined) throw new Error(`There is no job ${id}`)
    return job
  }
  return {
    async submit({ name }) {
      const id = `${jobs.size + 1}`
      jobs.set(id, { name, states: ['PENDING', 'RUNNING', 'COMPLETED'] })
      return id
    },
    async find(name) {
      return [...jobs].find(([, job]) => job.name === name)?.[0]
    },
    async state(id): Promise<JobState> {
      const { states } = jobOf(id)
      const [state = 'COMPLETED'] = states
      if (states.length > 1) states.shift()
      return { state, exitCode: 0 }
    },
    async cancel(id) {
      jobOf(id).states = ['CANCELLED']
    },
  }
}

/** The other system, as the provider sees it. */
export type Queue = {
  /** Submits a job and gives its id. */
  submit: (job: Job, signal: AbortSignal) => Promise<string>
  /** The id of the job of this name; `undefined` where there is none. */
  find: (name: string, signal: AbortSignal) => Promise<string | undefined>
  state: (id: string, signal: AbortSignal) => Promise<JobState>
  cancel: (id: string, signal: AbortSignal) => Promise<void>
}

export type Job = { name: string; script: string; minutes: number }

/** A state in Slurm's words, and what the job ended with. */
export type JobState = { state: string; exitCode?: number }

const UNFINISHED = ['PENDING', 'RUNNING', 'COMPLETING', 'CONFIGURING', 'SUSPENDED', 'REQUEUED', 'STAGE_OUT']

export function isFinished(state: string): boolean {
  return !UNFINISHED.includes(state)
}

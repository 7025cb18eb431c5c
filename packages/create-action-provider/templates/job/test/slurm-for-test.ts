import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** A server that answers as the REST interface of Slurm does, and runs nothing. */
export type SlurmForTest = {
  url: string
  jobs: { job_id: number; name: string; job_state: string[]; script: string; exit_code: object }[]
  /** What the next request gets instead of an answer. */
  failNext: (status: number) => void
  close: () => void
}

export async function startSlurmForTest(token: string): Promise<SlurmForTest> {
  const jobs: SlurmForTest['jobs'] = []
  let failure: number | undefined
  const server = createServer(async (request, response) => {
    const answer = (status: number, content: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content))
    }
    const status = failure
    failure = undefined
    if (status !== undefined) return answer(status, {})
    if (request.headers['x-slurm-user-token'] !== token) {
      return answer(401, { errors: [{ description: 'Authentication failure' }] })
    }
    const path = request.url?.replace('/slurm/v0.0.41/', '')
    if (path === 'job/submit') {
      const { script, job } = (await json(request)) as { script: string; job: { name: string } }
      const { length } = jobs
      jobs.push({ job_id: length + 1, name: job.name, script, job_state: ['PENDING'], exit_code: {} })
      return answer(200, { job_id: length + 1, errors: [] })
    }
    if (path === 'jobs/') return answer(200, { jobs })
    const found = jobs.find(({ job_id }) => path === `job/${job_id}`)
    if (found === undefined) return answer(404, { errors: [{ description: 'Invalid job id specified' }] })
    if (request.method === 'DELETE') found.job_state = ['CANCELLED']
    answer(200, { jobs: [found], errors: [] })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    jobs,
    failNext(status) {
      failure = status
    },
    close: () => server.close(),
  }
}

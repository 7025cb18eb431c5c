import { afterAll, beforeAll, expect, test } from 'vitest'
import { practiceQueue } from '../src/practice-queue.ts'
import { providerOf } from '../src/provider.ts'
import { slurm } from '../src/slurm.ts'
import { serveForTest } from './serve-for-test.ts'
import { type SlurmForTest, startSlurmForTest } from './slurm-for-test.ts'

const input = { words: ['one', "it's", '$(rm -rf /)'], minutes: 5 }

let cluster: SlurmForTest
beforeAll(async () => {
  cluster = await startSlurmForTest('secret')
})
afterAll(() => cluster.close())

const serveCluster = () =>
  serveForTest(providerOf(slurm({ url: cluster.url, user: 'me', token: 'secret' }), 50))

test('an action ends as its job does', async () => {
  const served = await serveForTest(providerOf(practiceQueue(), 50))
  const action = await served.as('alice').run(input)
  expect(action.latest?.status).toBe('ACTIVE')
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED', details: { state: 'COMPLETED' } })
  await served.close()
})

test('on a cluster, what callers send is data to the job’s script, not commands', async () => {
  const served = await serveCluster()
  const action = await served.as('alice').run(input)
  await expect.poll(() => cluster.jobs.find(({ name }) => name === action.id)).toBeDefined()
  const job = cluster.jobs.find(({ name }) => name === action.id)
  expect(job?.script).toContain(`'one' 'it'\\''s' '$(rm -rf /)'`)
  if (job) Object.assign(job, { job_state: ['FAILED'], exit_code: { return_code: { number: 3 } } })
  expect(await action.finished()).toMatchObject({
    status: 'FAILED',
    details: { code: 'JobFailed', exit_code: 3 },
  })
  await served.close()
})

test('a cluster that fails for a moment is asked again', async () => {
  const served = await serveCluster()
  cluster.failNext(503)
  const action = await served.as('alice').run(input)
  await expect.poll(() => cluster.jobs.some(({ name }) => name === action.id), { timeout: 10_000 }).toBe(true)
  await served.close()
})

test('who cancels the action cancels the job', async () => {
  const served = await serveCluster()
  const action = await served.as('alice').run(input)
  const job = () => cluster.jobs.find(({ name }) => name === action.id)
  await expect.poll(job).toBeDefined()
  await action.cancel()
  expect(await action.finished()).toMatchObject({ status: 'FAILED', details: { code: 'Canceled' } })
  expect(job()?.job_state).toEqual(['CANCELLED'])
  await served.close()
})

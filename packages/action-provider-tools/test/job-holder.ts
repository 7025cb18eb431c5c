/** An instance that takes a job and keeps it, until it is killed: `node job-holder.ts <database URL> <provider>`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresStore } from '../src/store/postgres/store.ts'

const [url = '', provider = ''] = process.argv.slice(2)
const store = await openPostgresStore(url, { leaseSeconds: 1 })
const jobs = await store.takeJobs(provider, 'holder', 1)
process.stdout.write(`${JSON.stringify(jobs)}\n`)
for (;;) {
  await sleep(100)
  await store.keepJobs(provider, 'holder', jobs)
}

/**
 * Workflows of DBOS Transact, called in this process by as many callers as are asked for: no HTTP, nothing but the engine.
 * `DATABASE_URL` names the PostgreSQL database. Each message asks for a round; the answer says how many workflows completed.
 */
import { DBOS } from '@dbos-inc/dbos-sdk'

const greet = DBOS.registerWorkflow(async (/** @type {string} */ text) => ({ Hello: 'World', hello: text }), {
  name: 'greet',
})
const count = DBOS.registerWorkflow(
  async (/** @type {number} */ steps) => {
    let sum = 0
    for (let step = 1; step <= steps; step++) {
      sum += await DBOS.runStep(async () => step, { name: `step ${step}` })
    }
    return { sum }
  },
  { name: 'count' },
)

DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: process.env.DATABASE_URL,
  logLevel: 'error',
  runAdminServer: false,
})
await DBOS.launch()

/** Runs workflows, one after the other for each caller, until the time is over. */
async function round({ callers, seconds, steps }) {
  const before = process.cpuUsage()
  const begin = performance.now()
  const over = begin + seconds * 1_000
  let completed = 0
  const call = async () => {
    while (performance.now() < over) {
      await (steps === 0 ? greet('hey') : count(steps))
      completed++
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  const took = (performance.now() - begin) / 1_000
  const { user, system } = process.cpuUsage(before)
  return { rate: completed / took, cpu: (user + system) / completed }
}

process.on('message', async (order) => process.send?.(await round(order)))
process.on('SIGTERM', async () => {
  await DBOS.shutdown()
  process.exit(0)
})
process.send?.('ready')

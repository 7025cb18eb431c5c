import { ServiceUnavailable } from '../errors.ts'
import type { Logger } from '../log.ts'

/** Whether an instance can serve. */
export type Readiness = {
  /** Says what must be reachable, in words, and what tells whether it is: its `ping` rejects where it is not. */
  needs: (name: string, service: { ping: () => Promise<void> }) => void
  /** From now on it is not ready, whatever it can reach: it ends. */
  drain: () => void
  /** @throws ServiceUnavailable that names what is missing */
  check: () => Promise<void>
}

/** For how long an answer is given again, so that probes cannot flood what they ask about, in milliseconds. */
const LIFE = 1_000

/** How long anything may take to answer, in milliseconds. */
const TIMEOUT = 2_000

export function createReadiness(log: Logger): Readiness {
  const checks = new Map<object, { name: string; reach: () => Promise<boolean> }>()
  let draining = false
  let last = { until: 0, missing: Promise.resolve<readonly string[]>([]) }
  let known = ''

  async function findMissing(): Promise<readonly string[]> {
    const all = [...checks.values()]
    const reached = await Promise.all(all.map(({ reach }) => reach()))
    const missing = all.filter((_, index) => !reached[index]).map(({ name }) => name)
    const now = missing.join(', ')
    if (now !== known) {
      if (missing.length > 0) log.warn({ missing }, 'Not ready: what this instance needs cannot be reached')
      else log.info('Ready again')
    }
    known = now
    return missing
  }

  return {
    needs(name, service) {
      checks.set(service, { name, reach: reaching(() => service.ping()) })
    },
    drain() {
      draining = true
    },
    async check() {
      if (draining) throw new ServiceUnavailable('Not ready: this instance is shutting down')
      const now = performance.now()
      if (now >= last.until) last = { until: now + LIFE, missing: findMissing() }
      const missing = await last.missing
      if (missing.length > 0) throw new ServiceUnavailable(`Not ready: cannot reach ${missing.join(' and ')}`)
    },
  }
}

/** Whether a ping answers within its time. One that has not answered yet is waited for again rather than sent again. */
function reaching(ping: () => Promise<void>): () => Promise<boolean> {
  let underway: Promise<boolean> | undefined
  return async () => {
    underway ??= ping()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        underway = undefined
      })
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(resolve, TIMEOUT, false)
    try {
      return await Promise.race([underway, promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

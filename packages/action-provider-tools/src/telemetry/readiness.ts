import { ServiceUnavailable } from '../errors.ts'
import type { Logger } from '../log.ts'

/** Whether an instance can serve. */
export type Readiness = {
  /** Adds a dependency, with its name for people. Its `ping` rejects if it cannot be reached. */
  needs: (name: string, service: { ping: () => Promise<void> }) => void
  /** Makes it not ready from now on: it shuts down. */
  drain: () => void
  /** @throws ServiceUnavailable that names what is missing */
  check: () => Promise<void>
}

/** How long an answer is reused, in milliseconds, so that probes cannot flood the dependencies. */
const LIFE = 1_000

/** How long a ping may take, in milliseconds. */
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

/** Whether a ping answers in time. A check joins a running ping and does not send another. */
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

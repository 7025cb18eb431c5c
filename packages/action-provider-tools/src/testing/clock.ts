import { setTimeout } from 'node:timers/promises'
import type { Clock, ClockFollower } from '../clock.ts'
import { type Duration, durationOf } from '../documents/duration.ts'

/** A clock that tests move. It also runs like any other clock. */
export type TestClock = Clock & {
  /**
   * Moves it from one due time to the next, and resolves when everything that was due has happened: the end
   * of sleeps, retries, polls and deadlines. Work that is busy with something else gets a second each time.
   */
  forward: (duration: Duration) => Promise<void>
}

/** The wait for running work, in milliseconds of real time. */
const PATIENCE = 1_000

/**
 * A clock for tests: thirty days take milliseconds. Give it to the store and to the provider.
 *
 * @example
 * const time = clock()
 * const store = await openStore('sqlite::memory:', { clock: time })
 * await app.register(actionProvider, { prefix: '/simulate', provider, auth, store, clock: time })
 * // … start an action …
 * await time.forward({ days: 30 })
 */
export function clock(): TestClock {
  const followers = new Set<ClockFollower>()
  let ahead = 0
  const now = (): number => Date.now() + ahead

  /** Resolves when nothing is running, with the next due time. */
  async function nextDue(): Promise<number> {
    const patientUntil = performance.now() + PATIENCE
    for (;;) {
      const found = await Promise.all([...followers].map((follower) => follower()))
      if (!found.some(({ isBusy }) => isBusy) || performance.now() > patientUntil) {
        return Math.min(...found.map(({ next }) => next))
      }
      await setTimeout(1)
    }
  }

  return Object.assign(now, {
    follow(follower: ClockFollower) {
      followers.add(follower)
      return () => void followers.delete(follower)
    },
    async forward(duration: Duration) {
      const target = now() + durationOf(duration)
      for (;;) {
        const isLast = now() >= target
        const next = await nextDue()
        if (isLast) return
        ahead += Math.max(0, Math.ceil(Math.min(next, target) - now()))
      }
    },
  })
}

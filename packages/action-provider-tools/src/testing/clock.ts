import { setTimeout } from 'node:timers/promises'
import type { Clock, ClockFollower } from '../clock.ts'
import { type Duration, durationOf } from '../documents/duration.ts'

/** A clock that tests move. It also runs on by itself. */
export type TestClock = Clock & {
  /**
   * Moves it, from one thing that is due to the next, and resolves when all that was due in this time has been done: work has
   * slept, been tried again, been polled or met its deadline. Work that is busy with anything else is waited for, for a second
   * each time.
   */
  forward: (duration: Duration) => Promise<void>
}

/** How long is waited for what is under way, in milliseconds of real time. */
const PATIENCE = 1_000

/**
 * A clock for tests, with which thirty days are a matter of milliseconds. Give it to the store and to the provider, so that
 * both go by it.
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

  /** Resolves when nothing is under way, with when the next thing is due. */
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

/** For how long the database has answered. */
export type Contact = {
  /** It has answered just now. */
  note: () => void
  /** For how long it has answered up to now without a gap, in milliseconds. */
  duration: () => number
}

/** @param gap how long nothing may be heard of the database before it counts as away, in milliseconds */
export function createContact(gap: number): Contact {
  let first = 0
  let last = -Infinity
  return {
    note() {
      const now = performance.now()
      if (now - last > gap) first = now
      last = now
    },
    duration() {
      const now = performance.now()
      return now - last > gap ? 0 : now - first
    },
  }
}

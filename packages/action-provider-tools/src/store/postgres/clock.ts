import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** An SQL expression: the database's time in milliseconds since 1970. */
export const DATABASE_TIME = 'extract(epoch FROM statement_timestamp())::float8 * 1000'

/** The times that statements use. */
export type Times = {
  now: () => number
  /** Converts a due time (milliseconds since 1970) to a value: `null` for now, by the database's clock. */
  due: (at: number) => number | null
  /** The length of a lease, in milliseconds. */
  lease: number
}

/** The database's clock, computed on this machine. */
export type DatabaseClock = {
  now: () => number
  /** How far this machine's clock is ahead of the database's, in milliseconds. */
  skew: () => number
  close: () => void
}

const READ: Statement = {
  name: 'read-clock',
  text: 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS time',
}

/**
 * How often the clock is set, in milliseconds, and up to which correction it stands still instead of going
 * back.
 */
const SET_EVERY = 60_000
const CORRECTION = 1_000

/**
 * Reads the database's clock, and again every minute. In between, the clock follows `performance.now()`, so
 * that changes of this machine's clock do not matter.
 */
export async function readClock(database: Database): Promise<DatabaseClock> {
  let offset = await measure(database)
  let last = 0
  const timer = setInterval(() => {
    measure(database).then(
      (measured) => {
        offset = measured
      },
      // The next statement reports the outage.
      () => {},
    )
  }, SET_EVERY).unref()

  function now(): number {
    const time = Math.floor(performance.now() + offset)
    if (time > last || last - time > CORRECTION) last = time
    return last
  }
  return { now, skew: () => Date.now() - now(), close: () => clearInterval(timer) }
}

/**
 * How far the database's time is ahead of `performance.now()`, in milliseconds: of three measurements, the
 * one with the fastest answer.
 */
async function measure(database: Database): Promise<number> {
  let best = { took: Number.POSITIVE_INFINITY, offset: 0 }
  for (let times = 0; times < 3; times++) {
    const asked = performance.now()
    const [row] = await database.query<{ time: number }>(READ, [])
    const answered = performance.now()
    const took = answered - asked
    if (row && took < best.took) best = { took, offset: row.time - (asked + answered) / 2 }
  }
  return best.offset
}

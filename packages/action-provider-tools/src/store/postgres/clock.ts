import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** The database's time in milliseconds since 1970, in a statement. */
export const DATABASE_TIME = 'extract(epoch FROM statement_timestamp())::float8 * 1000'

/** The times that statements need. */
export type Times = {
  now: () => number
  /** When a job is due, as it is written: `null` where that is now, by the database's clock. */
  due: (at: number) => number | null
  /** How long a lease is, in milliseconds. */
  lease: number
}

/** The database's clock, as seen from this machine. */
export type DatabaseClock = {
  now: () => number
  /** How far the clock of this machine is ahead of it, in milliseconds. */
  skew: () => number
  close: () => void
}

const READ: Statement = {
  name: 'read-clock',
  text: 'SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS time',
}

/** How often the clock is set, and by how much it stands still rather than going back, in milliseconds. */
const SET_EVERY = 60_000
const CORRECTION = 1_000

/**
 * Reads the database's clock, and again every minute. In between it goes on by a counter that no setting of
 * this machine's clock moves.
 */
export async function readClock(database: Database): Promise<DatabaseClock> {
  let offset = await measure(database)
  let last = 0
  const timer = setInterval(() => {
    measure(database).then(
      (measured) => {
        offset = measured
      },
      // The next statement reports that the database is away.
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

/** What the database's time is ahead of `performance.now()`, by the quickest of three answers. */
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

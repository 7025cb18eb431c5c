import type { Database } from './database.ts'
import { statement } from './statement.ts'

/** How long the instances have been able to reach the database. */
export type Contact = {
  /** How long at least one instance has reached the database without a gap, in milliseconds. */
  duration: () => number
  close: () => void
}

const NOW = 'extract(epoch FROM clock_timestamp())::float8 * 1000'

/**
 * The only row has the time since which the database was reached without a gap, and the last time it was
 * reached. Times are read after the row is locked.
 */
const RECORD_CONTACT = statement(
  'note-contact',
  { gap: 'float8' },
  ({ gap }) => `INSERT INTO action_provider.contact AS c (one, since, seen) VALUES (true, ${NOW}, ${NOW})
    ON CONFLICT (one) DO UPDATE
      SET since = CASE WHEN abs(${NOW} - c.seen) > ${gap} THEN ${NOW} ELSE c.since END, seen = ${NOW}
    RETURNING seen - since AS duration`,
)

/** The fraction of a lease without contact after which the database counts as unreachable. */
const GAP = 1 / 3
/** How often contact is recorded in that time. */
const RECORDS_PER_GAP = 4

/**
 * Records contact in the database itself, so that an instance that has just started knows it too. A crash of
 * the database empties the table: contact then counts from the restart.
 *
 * @param lease the length of a lease, in milliseconds
 */
export function createContact(database: Database, lease: number): Contact {
  const gap = lease * GAP
  let last = { duration: 0, at: Number.NEGATIVE_INFINITY }
  const recordContact = async (): Promise<void> => {
    const at = performance.now()
    const [row] = await database.query<{ duration: number }>(RECORD_CONTACT, RECORD_CONTACT.values({ gap }))
    if (row && at > last.at) last = { duration: row.duration, at }
  }
  // The next statement reports an outage.
  const tryToRecord = (): void => void recordContact().catch(() => {})
  tryToRecord()
  const timer = setInterval(tryToRecord, gap / RECORDS_PER_GAP).unref()
  return {
    duration() {
      const ago = performance.now() - last.at
      return ago > gap ? 0 : last.duration + ago
    },
    close: () => clearInterval(timer),
  }
}

import type { Database } from './database.ts'
import { statement } from './statement.ts'

/** For how long the instances have reached the database. */
export type Contact = {
  /** For how long some instance or other has reached it up to now, without a gap, in milliseconds. */
  duration: () => number
  close: () => void
}

const NOW = 'extract(epoch FROM clock_timestamp())::float8 * 1000'

/**
 * The one row says since when the database has been reached, and when it last was. Times are read once the row
 * is locked.
 */
const NOTE = statement(
  'note-contact',
  { gap: 'float8' },
  ({ gap }) => `INSERT INTO action_provider.contact AS c (one, since, seen) VALUES (true, ${NOW}, ${NOW})
    ON CONFLICT (one) DO UPDATE
      SET since = CASE WHEN abs(${NOW} - c.seen) > ${gap} THEN ${NOW} ELSE c.since END, seen = ${NOW}
    RETURNING seen - since AS duration`,
)

/** The part of a lease in which nothing is heard of the database before it counts as away. */
const GAP = 1 / 3
/** How often contact is noted in that time. */
const NOTES_A_GAP = 4

/**
 * Notes in the database itself that it is reached. So an instance that has just started knows as much as
 * those that have been up for long. After a crash of the database the table is empty, as if it had just been
 * reached for the first time.
 *
 * @param lease in milliseconds
 */
export function createContact(database: Database, lease: number): Contact {
  const gap = lease * GAP
  let last = { duration: 0, at: Number.NEGATIVE_INFINITY }
  const note = async (): Promise<void> => {
    const at = performance.now()
    const [row] = await database.query<{ duration: number }>(NOTE, NOTE.values({ gap }))
    if (row && at > last.at) last = { duration: row.duration, at }
  }
  // Whoever uses the database reports that it is away.
  const tryToNote = (): void => void note().catch(() => {})
  tryToNote()
  const timer = setInterval(tryToNote, gap / NOTES_A_GAP).unref()
  return {
    duration() {
      const ago = performance.now() - last.at
      return ago > gap ? 0 : last.duration + ago
    },
    close: () => clearInterval(timer),
  }
}

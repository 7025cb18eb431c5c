const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/i

/** The last time that RFC 3339 can write, as its years have four digits. */
export const LATEST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const EARLIEST_TIME = new Date(0).setUTCFullYear(0, 0, 1)

/**
 * Reads an RFC 3339 date-time (section 5.6): the offset must be there, the date must exist. Digits after the
 * milliseconds are dropped. A leap second (23:59:60 in UTC) counts as the first second of the next day, as it
 * does in POSIX.
 *
 * @returns milliseconds since 1970
 * @throws RangeError if the text is not such a time
 * @example parseTime('2030-01-31T12:00:00+01:00') // Date.UTC(2030, 0, 31, 11)
 */
export function parseTime(text: string): number {
  if (text === written.text) return written.time
  const match = DATE_TIME.exec(text)
  if (match === null) throw notATime()
  const field = (index: number): number => Number(match[index] ?? 0)
  const [year, month, day, hour, minute, second] = [
    field(1),
    field(2),
    field(3),
    field(4),
    field(5),
    field(6),
  ]
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const offset = (match[8] === '-' ? -1 : 1) * (field(9) * 60 + field(10))
  if (hour > 23 || minute > 59 || second > 60 || field(9) > 23 || field(10) > 59) throw notATime()

  // Date.UTC takes the years 0 to 99 for 1900 to 1999; setUTCFullYear does not.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw notATime()
  const wholeMinute = date.getTime() + (hour * 60 + minute - offset) * 60_000
  if (second === 60 && new Date(wholeMinute).toISOString().slice(11, 16) !== '23:59') throw notATime()

  const time = wholeMinute + second * 1000 + milliseconds
  if (time < EARLIEST_TIME || time > LATEST_TIME) throw notATime()
  return time
}

/** Whether `parseTime` can read a text. */
export function isTime(text: string): boolean {
  try {
    parseTime(text)
    return true
  } catch {
    return false
  }
}

/**
 * Writes a time as the interface requires: RFC 3339 in UTC with `Z` (interface, "Documents").
 *
 * @param time milliseconds since 1970; a fraction of a millisecond is dropped
 * @throws RangeError when its year does not have four digits
 * @example formatTime(Date.UTC(2030, 0, 31, 11)) // '2030-01-31T11:00:00.000Z'
 */
export function formatTime(time: number): string {
  if (time === written.time) return written.text
  if (!(time >= EARLIEST_TIME && time <= LATEST_TIME)) throw notATime()
  const date = new Date(time)
  written = { time: date.getTime(), text: date.toISOString() }
  return written.text
}

/** The latest time and its text, kept because many actions begin and end in the same millisecond. */
let written = { time: 0, text: new Date(0).toISOString() }

function notATime(): RangeError {
  return new RangeError('Not an RFC 3339 time with its offset, such as 2030-01-31T12:00:00Z')
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const number = String.raw`(\d+(?:\.\d+)?)`
const DURATION = new RegExp(
  `^P(?=.)(?:${number}Y)?(?:${number}M)?(?:${number}W)?(?:${number}D)?` +
    String.raw`(?:T(?=\d)(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`,
)
const UNITS = [365 * DAY, 30 * DAY, 7 * DAY, DAY, HOUR, MINUTE, SECOND]

/**
 * The longest duration, in milliseconds: 1,000 years of 365 days. RFC 3339 can write any time before the year
 * 9000 plus this duration.
 */
export const MAXIMUM_DURATION = 1000 * 365 * DAY

/**
 * Reads an ISO 8601 duration as the published schema has it: years, months, weeks, days, hours, minutes and
 * seconds, any of them with a fraction. A year counts as 365 days and a month as 30, whatever the calendar
 * says.
 *
 * @returns milliseconds, rounded
 * @throws RangeError if the text is not such a duration, or is longer than MAXIMUM_DURATION
 * @example parseDuration('P1DT0.5S') // 86_400_500
 */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text)
  if (match === null) throw notADuration()
  const duration = UNITS.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * unit, 0)
  if (duration > MAXIMUM_DURATION) throw notADuration()
  return Math.round(duration)
}

/** Whether `parseDuration` can read a text. */
export function isDuration(text: string): boolean {
  try {
    parseDuration(text)
    return true
  } catch {
    return false
  }
}

/**
 * Writes a number of seconds as an ISO 8601 duration of days, hours, minutes and seconds, to the millisecond.
 *
 * @throws RangeError when `seconds` is negative, or longer than MAXIMUM_DURATION
 * @example
 * formatDuration(3600) // 'PT1H'
 * formatDuration(2_592_000) // 'P30D'
 * formatDuration(90.5) // 'PT1M30.5S'
 */
export function formatDuration(seconds: number): string {
  const duration = Math.round(seconds * SECOND)
  if (!(duration >= 0 && duration <= MAXIMUM_DURATION)) throw notADuration()
  const days = part(Math.floor(duration / DAY), 'D')
  const time =
    part(Math.floor((duration % DAY) / HOUR), 'H') +
    part(Math.floor((duration % HOUR) / MINUTE), 'M') +
    part((duration % MINUTE) / SECOND, 'S')
  return duration === 0 ? 'PT0S' : `P${days}${time && `T${time}`}`
}

function part(amount: number, unit: string): string {
  return amount === 0 ? '' : `${amount}${unit}`
}

function notADuration(): RangeError {
  return new RangeError('Not an ISO 8601 duration of at most 1,000 years, such as PT1H or P30D')
}

/**
 * A length of time as authors write it: milliseconds, an ISO 8601 text, or amounts of units.
 * @example 90_000
 * @example 'PT1M30S'
 * @example { minutes: 1, seconds: 30 }
 */
export type Duration =
  | number
  | string
  | {
      weeks?: number
      days?: number
      hours?: number
      minutes?: number
      seconds?: number
      milliseconds?: number
    }

const MILLISECONDS: Readonly<Record<string, number>> = {
  weeks: 7 * DAY,
  days: DAY,
  hours: HOUR,
  minutes: MINUTE,
  seconds: SECOND,
  milliseconds: 1,
}

/**
 * The milliseconds of a duration, rounded.
 * @throws RangeError if it is invalid, negative, or longer than MAXIMUM_DURATION
 * @example durationOf({ minutes: 10 }) // 600_000
 */
export function durationOf(duration: Duration): number {
  if (typeof duration === 'string') return parseDuration(duration)
  const milliseconds = typeof duration === 'number' ? duration : sumOf(duration)
  if (milliseconds >= 0 && milliseconds <= MAXIMUM_DURATION) return Math.round(milliseconds)
  throw new RangeError(
    "Not a duration: give milliseconds, an ISO 8601 text such as 'PT10M', or units such as { minutes: 10 }; 1,000 years at most",
  )
}

function sumOf(units: object): number {
  // Callers from JavaScript may pass anything.
  if (typeof units !== 'object' || units === null) return Number.NaN
  return Object.entries(units).reduce(
    (sum, [unit, amount]) => sum + (amount === undefined ? 0 : amount * (MILLISECONDS[unit] ?? Number.NaN)),
    0,
  )
}

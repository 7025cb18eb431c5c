import type { JSX } from 'preact'
import { now } from '../state/live.ts'

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })

const UNITS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** @example relativeTime(Date.now() - 90_000) // '1 min. ago' */
function relativeTime(time: number, from: number): string {
  const seconds = (time - from) / 1_000
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit)
  }
  return relative.format(Math.trunc(seconds), 'second')
}

export function absoluteTime(time: number): string {
  return absolute.format(time)
}

/** A time, absolute and relative; the given text if it is not a time. */
export function Time({ at, short = false }: { at: string; short?: boolean }): JSX.Element {
  const time = Date.parse(at)
  if (Number.isNaN(time)) return <span>{at}</span>
  const near = relativeTime(time, now.value)
  return (
    <time dateTime={new Date(time).toISOString()} title={absolute.format(time)}>
      {short ? near : `${absolute.format(time)} (${near})`}
    </time>
  )
}

/** A duration in its two largest units. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1_000) return unitText(Math.max(0, Math.round(milliseconds)), 'millisecond')
  if (milliseconds < 60_000) return unitText(Math.round(milliseconds / 100) / 10, 'second')
  let left = Math.round(milliseconds / 1_000)
  const parts: string[] = []
  for (const [unit, length] of [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ] as const) {
    const count = Math.floor(left / length)
    left -= count * length
    if (count > 0 && parts.length < 2) parts.push(unitText(count, unit))
    else if (parts.length > 0) break
  }
  return parts.join(' ')
}

function unitText(count: number, unit: string): string {
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'narrow' }).format(count)
}

/**
 * The milliseconds of an ISO 8601 duration, with months of 30 days and years of 365; `undefined` for other
 * texts.
 *
 * @example durationOf('PT1H30M') // 5_400_000
 */
export function durationOf(text: string): number | undefined {
  const found =
    /^P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(
      text,
    )
  if (found === null || text.length < 3) return undefined
  const seconds = [31_536_000, 2_592_000, 604_800, 86_400, 3_600, 60, 1]
  return seconds.reduce((sum, unit, index) => sum + unit * Number(found[index + 1] ?? 0), 0) * 1_000
}

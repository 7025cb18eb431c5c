import { uuidBytes } from '../action/keys.ts'
import { RequestValidationError } from '../errors.ts'

/**
 * Where a page of a log ended: the time and the number of its last entry. Callers pass it back as an opaque
 * text.
 */
export type LogPosition = { time: number; number: number }

export function writeLogMarker({ time, number }: LogPosition): string {
  return `${time}.${number}`
}

/** @throws RequestValidationError when it is no marker that `writeLogMarker` wrote */
export function readLogMarker(marker: string): LogPosition {
  const match = /^(-?\d{1,15})\.(\d{1,15})$/.exec(marker)
  if (match === null) throw notAMarker()
  return { time: Number(match[1]), number: Number(match[2]) }
}

/**
 * Where a page of a list ended: the id of its last action, as 16 bytes. That action may be gone.
 * @throws RequestValidationError when it is no action id
 */
export function readListMarker(marker: string): Buffer {
  const bytes = uuidBytes(marker)
  if (bytes === undefined) throw notAMarker()
  return bytes
}

function notAMarker(): RequestValidationError {
  return new RequestValidationError(
    "Field '$.marker' (category: 'format'): must be the marker of the page before",
  )
}

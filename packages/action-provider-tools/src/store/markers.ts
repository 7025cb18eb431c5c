import { uuidBytes } from '../action/keys.ts'
import { RequestValidationError } from '../errors.ts'

/** The time and number of the last log entry of a page. Callers see it as an opaque text, the marker. */
export type LogPosition = { time: number; number: number }

export function writeLogMarker({ time, number }: LogPosition): string {
  return `${time}.${number}`
}

/** @throws RequestValidationError if the text is not a marker of `writeLogMarker` */
export function readLogMarker(marker: string): LogPosition {
  const match = /^(-?\d{1,15})\.(\d{1,15})$/.exec(marker)
  if (match === null) throw markerError()
  return { time: Number(match[1]), number: Number(match[2]) }
}

/**
 * Reads the marker of a list: the id of the last action of a page, as 16 bytes. That action may no longer
 * exist.
 * @throws RequestValidationError if the marker is not an action id
 */
export function readListMarker(marker: string): Buffer {
  const bytes = uuidBytes(marker)
  if (bytes === undefined) throw markerError()
  return bytes
}

function markerError(): RequestValidationError {
  return new RequestValidationError(
    "Field '$.marker' (category: 'format'): must be the marker of the page before",
  )
}

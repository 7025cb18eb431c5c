import { RequestValidationError } from '../errors.ts'

/** Where a page of a log ended: the time and the number of its last entry. Callers pass it back as an opaque text. */
export type LogPosition = { time: number; number: number }

export function writeLogMarker({ time, number }: LogPosition): string {
  return `${time}.${number}`
}

/** @throws RequestValidationError when it is no marker that `writeLogMarker` wrote */
export function readLogMarker(marker: string): LogPosition {
  const match = /^(-?\d{1,15})\.(\d{1,15})$/.exec(marker)
  if (match === null) {
    throw new RequestValidationError(
      "Field '$.marker' (category: 'format'): must be the marker of the page before",
    )
  }
  return { time: Number(match[1]), number: Number(match[2]) }
}

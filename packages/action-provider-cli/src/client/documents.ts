/** Recognizes the documents of the interface (interface, "Documents") in unchecked JSON. */

export type Document = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether something is a status document, however faulty. */
export function isStatus(value: unknown): value is Document {
  return isObject(value) && 'action_id' in value && 'status' in value
}

export function isComplete({ status }: Document): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED'
}

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const principal = new RegExp(`^urn:globus:(auth:identity|groups:id):${uuid}$`, 'i')
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i
const number = String.raw`\d+(?:\.\d+)?`
const duration = new RegExp(
  `^P(?=.)(?:(${number})Y)?(?:(${number})M)?(?:(${number})W)?(?:(${number})D)?` +
    `(?:T(?=\\d)(?:(${number})H)?(?:(${number})M)?(?:(${number})S)?)?$`,
)
const DAY = 86_400
const UNITS = [365 * DAY, 30 * DAY, 7 * DAY, DAY, 3_600, 60, 1]

export function isPrincipal(value: unknown): boolean {
  return typeof value === 'string' && principal.test(value)
}

/** Whether something is an RFC 3339 time of a day that exists. */
export function isTime(value: unknown): value is string {
  return typeof value === 'string' && time.test(value) && !Number.isNaN(Date.parse(value))
}

/** The seconds of an ISO 8601 duration; `undefined` for anything else. */
export function seconds(value: unknown): number | undefined {
  const match = typeof value === 'string' ? duration.exec(value) : null
  if (match === null) return undefined
  return UNITS.reduce((sum, unit, index) => sum + unit * Number(match[index + 1] ?? 0), 0)
}

/** Whether something is a text with a number of characters between two bounds. */
export function isText(value: unknown, most: number, least = 1): value is string {
  return typeof value === 'string' && [...value].length >= least && [...value].length <= most
}

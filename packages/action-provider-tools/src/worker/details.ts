import type { ActionDetails } from '../documents/action-status.ts'

/**
 * What an author gave as details, as it will be written: an object or a text; nothing at all becomes an empty object. A copy,
 * since the author may go on changing the object.
 * @throws TypeError where it is neither, or is no JSON
 */
export function toDetails(value: unknown): ActionDetails {
  if (value === undefined) return {}
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`Details must be an object or a text, not ${value === null ? 'null' : typeof value}`)
  }
  return JSON.parse(JSON.stringify(value)) as ActionDetails
}

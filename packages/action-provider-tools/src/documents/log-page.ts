import type { XStatic } from 'typebox/schema'
import { compileCheck, parseProviderDocument } from './check.ts'
import { formatTime, parseTime } from './time.ts'

/** One entry of an action's log (interface, "Log page"), as JSON Schema. */
export const ActionLogEntry = {
  type: 'object',
  required: ['time', 'code', 'description'],
  properties: {
    time: { type: 'string', format: 'date-time' },
    code: { type: 'string', minLength: 1 },
    description: { type: 'string' },
    details: { type: 'object', additionalProperties: true },
  },
} as const
export type ActionLogEntry = XStatic<typeof ActionLogEntry>

/** The answer to log, as JSON Schema. `marker` is present only if `has_next_page` is true. */
export const ActionLogPage = {
  type: 'object',
  required: ['limit', 'has_next_page', 'entries'],
  properties: {
    limit: { type: 'integer', minimum: 1 },
    has_next_page: { type: 'boolean' },
    marker: { type: 'string' },
    entries: { type: 'array', items: ActionLogEntry },
  },
} as const
export type ActionLogPage = XStatic<typeof ActionLogPage>

const check = compileCheck(ActionLogPage)

/**
 * Reads a log page that an author's callback returned, as `parseActionStatus` reads a status.
 *
 * @throws ActionProviderError when it breaks a rule of the interface; its cause names every field
 */
export function parseLogPage(value: unknown): ActionLogPage {
  const { marker, ...page } = parseProviderDocument('ActionLogPage', value, ActionLogPage, (document) =>
    check(document),
  ) as ActionLogPage
  return {
    ...page,
    ...(page.has_next_page && marker !== undefined && { marker }),
    entries: page.entries.map(({ time, code, description, details }) => ({
      time: formatTime(parseTime(time)),
      code,
      description,
      ...(details && { details }),
    })),
  }
}

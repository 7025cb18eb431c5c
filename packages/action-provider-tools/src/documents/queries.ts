/**
 * The arguments of a query (interface, enumerate), (interface, log), (interface, updates), each as JSON
 * Schema.
 */

import { ROLES } from './principal.ts'

/** A marker is an action id or a log position: short, and of these characters. */
const Marker = { type: 'string', pattern: '^[A-Za-z0-9_.:=-]{1,200}$' } as const

/** The number of entries in a page of a log. */
const LogLimit = { type: 'integer', minimum: 1, maximum: 1_000, default: 10 } as const

const Time = { type: 'string', format: 'date-time' } as const

/**
 * The query parameters of enumerate. The two lists are separated by commas; the case of their values does not
 * matter.
 */
export const EnumerateQuery = {
  status: {
    type: 'array',
    items: { type: 'string', enum: ['active', 'inactive', 'succeeded', 'failed'] },
    default: ['active'],
  },
  roles: { type: 'array', items: { type: 'string', enum: ROLES }, default: ['creator_id'] },
  limit: { type: 'integer', minimum: 1, maximum: 100, default: 100 },
  marker: Marker,
} as const

/** The query parameter of updates: a comma list of events. */
export const UpdatesQuery = {
  events: { type: 'array', items: { type: 'string', enum: ['status', 'log'] }, default: ['status', 'log'] },
} as const

/** The query parameters of log. `per_page` and `pagination_token` are older names of `limit` and `marker`. */
export const LogQuery = {
  limit: LogLimit,
  per_page: LogLimit,
  marker: Marker,
  pagination_token: Marker,
  reverse_order: { type: 'string' },
  since: Time,
  until: Time,
} as const

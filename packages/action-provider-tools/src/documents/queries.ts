/** The arguments of a query (interface, enumerate; interface, log; interface, updates), each as JSON Schema. */

import { ROLES } from './principal.ts'

/** An opaque marker is an action id or a log position: short, and of these characters. */
const Marker = { type: 'string', pattern: '^[A-Za-z0-9_.:=-]{1,200}$' } as const

/** How long a page of a log is. */
const LogLimit = { type: 'integer', minimum: 1, maximum: 1_000, default: 10 } as const

const Time = { type: 'string', format: 'date-time' } as const

/** What enumerate can be asked. The two lists are written with commas between their values, in any case. */
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

/** What updates can be asked: which events, written with commas between them. */
export const UpdatesQuery = {
  events: { type: 'array', items: { type: 'string', enum: ['status', 'log'] }, default: ['status', 'log'] },
} as const

/** What log can be asked. `per_page` and `pagination_token` are older names of `limit` and `marker`. */
export const LogQuery = {
  limit: LogLimit,
  per_page: LogLimit,
  marker: Marker,
  pagination_token: Marker,
  reverse_order: { type: 'string' },
  since: Time,
  until: Time,
} as const

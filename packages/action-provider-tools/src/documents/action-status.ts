import type { XStatic } from 'typebox/schema'
import { compileCheck, fieldError, parseProviderDocument } from './check.ts'
import { canonicalPrincipals, PrincipalOrAllAuthenticated, PrincipalURN } from './principal.ts'
import { formatTime, parseTime } from './time.ts'

/** The states of an action (interface, "Life of an action"). */
export const ActionStatusValue = {
  type: 'string',
  enum: ['ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED'],
} as const
export type ActionStatusValue = XStatic<typeof ActionStatusValue>

/** The answer to run, status, cancel, resume and release (interface, "ActionStatus"), as JSON Schema. */
export const ActionStatus = {
  type: 'object',
  required: ['action_id', 'status', 'details', 'creator_id'],
  properties: {
    action_id: { type: 'string', minLength: 1 },
    status: ActionStatusValue,
    details: { type: ['object', 'string'] },
    creator_id: PrincipalURN,
    label: { type: 'string', minLength: 1, maxLength: 64 },
    monitor_by: { type: 'array', items: PrincipalOrAllAuthenticated },
    manage_by: { type: 'array', items: PrincipalOrAllAuthenticated },
    start_time: { type: 'string', format: 'date-time' },
    completion_time: { type: 'string', format: 'date-time' },
    release_after: { type: 'string', format: 'duration' },
    display_status: { type: 'string', minLength: 1, maxLength: 64 },
  },
} as const

/** The provider's own data about an action: its result, progress or failure. */
export type ActionDetails = Record<string, unknown> | string

export type ActionStatus = Omit<XStatic<typeof ActionStatus>, 'details'> & { details: ActionDetails }

const check = compileCheck(ActionStatus)

/**
 * Reads a status that an author's callback returned, as JSON.stringify would write it. Unknown fields and
 * optional fields that are null are removed, times are converted to UTC, and nothing is filled in.
 *
 * @throws ActionProviderError when it breaks a rule of the interface; its cause names every field
 */
export function parseActionStatus(value: unknown): ActionStatus {
  const status = parseProviderDocument('ActionStatus', value, ActionStatus, (document) => {
    const errors = check(document)
    return errors.length > 0 ? errors : completionErrors(document as ActionStatus)
  }) as ActionStatus
  const { creator_id, monitor_by, manage_by, start_time, completion_time } = status
  return {
    ...status,
    creator_id: creator_id.toLowerCase(),
    ...(monitor_by && { monitor_by: canonicalPrincipals(monitor_by) }),
    ...(manage_by && { manage_by: canonicalPrincipals(manage_by) }),
    ...(start_time !== undefined && { start_time: formatTime(parseTime(start_time)) }),
    ...(completion_time !== undefined && { completion_time: formatTime(parseTime(completion_time)) }),
  }
}

/** Whether an action has ended. Its status never changes after that. */
export function isComplete(status: ActionStatusValue): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED'
}

/**
 * Writes a status as the JSON that is sent and stored.
 *
 * @example statusDocument({ action_id: '1', status: 'ACTIVE', details: {}, creator_id: 'urn:globus:auth:identity:…' })
 */
export function statusDocument(status: ActionStatus): string {
  return JSON.stringify(status)
}

function completionErrors({ status, start_time, completion_time }: ActionStatus): string[] {
  if (completion_time === undefined) return []
  if (!isComplete(status)) {
    return [fieldError('$.completion_time', 'status', `must be left out while the action is ${status}`)]
  }
  return start_time !== undefined && parseTime(completion_time) < parseTime(start_time)
    ? [fieldError('$.completion_time', 'minimum', 'must not be before start_time')]
    : []
}

/**
 * Copies the details that an author returned, as they will be written: an object or a text; `undefined`
 * becomes an empty object. It is a copy because the author may change the object later.
 * @throws TypeError for other types, and for what is not JSON
 */
export function toDetails(value: unknown): ActionDetails {
  if (value === undefined) return {}
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`Details must be an object or a text, not ${value === null ? 'null' : typeof value}`)
  }
  return JSON.parse(JSON.stringify(value)) as ActionDetails
}

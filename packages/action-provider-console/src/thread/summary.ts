import type { Status } from 'action-provider-tools/client'
import type { Said, Summary } from './calls.ts'

const TEXTS = [
  'display_status',
  'label',
  'start_time',
  'completion_time',
  'release_after',
  'deadline',
] as const

/** The summary of an action in a list. */
export function summaryOf(status: Status): Summary {
  const fields = status as Status & Record<string, unknown>
  const texts = TEXTS.flatMap((name) => {
    const text = fields[name]
    return typeof text === 'string' ? [[name, text.slice(0, 1_000)]] : []
  })
  return {
    id: status.action_id,
    status: status.status,
    creator_id: status.creator_id,
    monitor_by: status.monitor_by ?? [],
    manage_by: status.manage_by ?? [],
    ...Object.fromEntries(texts),
  }
}

/** The fields of details that the console acts on. */
export function saidBy({ status, details }: Status): Said {
  if (typeof details === 'string') return {}
  const names = ['code', 'description', 'resolution_url'] as const
  const texts = names.flatMap((name) => {
    const text = details[name]
    return typeof text === 'string' ? [[name, text.slice(0, 4_000)]] : []
  })
  const consent = status === 'INACTIVE' ? missingConsent(details) : undefined
  return { ...Object.fromEntries(texts), ...(consent !== undefined && { consent }) }
}

/** Several missing scopes are in a list, as in Globus's own errors. */
function missingConsent(details: Record<string, unknown>): string | undefined {
  const { code, required_scope, required_scopes, authorization_parameters } = details
  if (code !== 'ConsentRequired') return undefined
  const parameters = (authorization_parameters ?? {}) as Record<string, unknown>
  const listed = [required_scope, required_scopes, parameters.required_scopes].flat()
  const scopes = listed.filter((scope): scope is string => typeof scope === 'string' && scope !== '')
  return scopes.length === 0 ? undefined : [...new Set(scopes)].join(' ')
}

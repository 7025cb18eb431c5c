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

/** What a list shows of an action. */
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

/** What details say that the console acts on. */
export function saidBy({ details }: Status): Said {
  if (typeof details === 'string') return {}
  const names = ['code', 'description', 'required_scope', 'resolution_url'] as const
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = details[name]
      return typeof text === 'string' ? [[name, text.slice(0, 4_000)]] : []
    }),
  )
}

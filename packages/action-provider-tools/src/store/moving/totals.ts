import type { ActionStatusValue } from '../../documents/action-status.ts'
import type { Moved } from './line.ts'

/** The counts of an export or of a store, for comparison. */
export type Totals = {
  actions: number
  requests: number
  secrets: number
  jobs: number
  log_entries: number
  steps: number
  events: number
  /** Actions by provider and status. */
  statuses: Record<string, Partial<Record<ActionStatusValue, number>>>
}

export function emptyTotals(): Totals {
  return { actions: 0, requests: 0, secrets: 0, jobs: 0, log_entries: 0, steps: 0, events: 0, statuses: {} }
}

/** Adds a line to the counts. */
export function addTo(totals: Totals, moved: Moved): void {
  totals.log_entries += moved.log.length
  if (!('action' in moved)) return
  const { action, request, secret, job, steps, delivered } = moved
  totals.actions += 1
  totals.steps += steps.length
  totals.events += delivered.length
  if (request !== undefined) totals.requests += 1
  if (secret !== undefined) totals.secrets += 1
  if (job !== undefined) totals.jobs += 1
  const { [action.provider]: before = {} } = totals.statuses
  totals.statuses[action.provider] = { ...before, [action.status]: (before[action.status] ?? 0) + 1 }
}

/** Whether two counts are equal, regardless of the order of their fields. */
export function sameTotals(a: Totals, b: Totals): boolean {
  return canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    each !== null && typeof each === 'object'
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}

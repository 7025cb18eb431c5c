import type { ActionDetails, ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import type { ProviderDescription } from '../documents/provider-description.ts'
import { type Answer, notA } from './failure.ts'

type Of<Value extends ActionStatusValue, Details> = Omit<ActionStatus, 'status' | 'details'> & {
  status: Value
  details: Details
}

/** The status of an action. What its details are is known of an action that SUCCEEDED alone. */
export type Status<Details = ActionDetails> =
  | Of<'SUCCEEDED', Details>
  | Of<'FAILED', ActionDetails>
  | Of<'ACTIVE' | 'INACTIVE', ActionDetails>

type Fields = Record<string, unknown>

const STATUSES: readonly string[] = [
  'ACTIVE',
  'INACTIVE',
  'SUCCEEDED',
  'FAILED',
] satisfies ActionStatusValue[]

/**
 * Reads the status of an action as far as anything can be done with it. What a Python provider sends as `null` is left out;
 * times are as it wrote them, as one without a zone could be any.
 *
 * @throws UnexpectedAnswer for what is none
 */
export function readStatus(json: unknown, answer: Answer): Status {
  if (!isFields(json)) throw notA('status of an action', answer)
  const { action_id, status, details, creator_id, release_after } = json
  const value = String(status).toUpperCase()
  if (!isId(action_id) || !STATUSES.includes(value)) throw notA('status of an action', answer)
  return {
    ...present(json, TEXTS, LISTS),
    action_id: String(action_id),
    status: value,
    details: isDetails(details) ? details : {},
    creator_id: String(creator_id ?? ''),
    ...(typeof release_after === 'number' && { release_after: `PT${release_after}S` }),
  } as Status
}

/** Reads a list of actions. @throws UnexpectedAnswer for what is none */
export function readActions(answer: Answer): Status[] {
  if (!Array.isArray(answer.json)) throw notA('list of actions', answer)
  return answer.json.map((each) => readStatus(each, answer))
}

/** Reads what a provider says of itself; what it leaves out is as the interface says. @throws UnexpectedAnswer for what is none */
export function readDescription(answer: Answer): ProviderDescription {
  const { json } = answer
  if (!isFields(json) || typeof json.globus_auth_scope !== 'string' || typeof json.title !== 'string')
    throw notA('action provider', answer)
  const { types, input_schema, synchronous, log_supported } = json
  const description = present(
    json,
    [...TEXTS, 'subtitle', 'description'],
    [...LISTS, 'keywords', 'event_types'],
  )
  return {
    // First what there is, in its order, then what it leaves out.
    ...description,
    ...standard,
    ...description,
    types: texts(types).map((type) => type.toUpperCase()),
    synchronous: synchronous === true,
    log_supported: log_supported === true,
    input_schema: isFields(input_schema) ? input_schema : {},
  } as ProviderDescription
}

/** Reads a page of a log; some providers send its entries alone. @throws UnexpectedAnswer for what is none */
export function readLogPage(answer: Answer): { entries: ActionLogEntry[]; next: string | undefined } {
  const { json } = answer
  const page: Fields = Array.isArray(json) ? { entries: json } : isFields(json) ? json : {}
  const { entries, has_next_page, marker } = page
  if (!Array.isArray(entries) || !entries.every(isFields)) throw notA('log', answer)
  return {
    entries: entries.map(({ time, code, description, details }) => ({
      time: String(time ?? ''),
      code: String(code ?? ''),
      description: String(description ?? ''),
      ...(isFields(details) && { details }),
    })),
    next: has_next_page === true && typeof marker === 'string' && marker !== '' ? marker : undefined,
  }
}

/** What a description holds that says nothing else. */
const standard = {
  api_version: '1.0',
  admin_contact: '',
  visible_to: ['public'],
  runnable_by: ['all_authenticated_users'],
  maximum_deadline: 'P30D',
}

const TEXTS = [
  'release_after',
  'label',
  'start_time',
  'completion_time',
  'display_status',
  'admin_contact',
  'maximum_deadline',
]
const LISTS = ['monitor_by', 'manage_by', 'visible_to', 'runnable_by', 'administered_by']

/** Leaves out what is `null`, and what is none of the kind that its readers go by. */
function present(fields: Fields, textual: readonly string[], listed: readonly string[]): Fields {
  const kept = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    if (value === null || (textual.includes(name) && typeof value !== 'string')) return []
    return [[name, listed.includes(name) ? texts(value) : value]]
  })
  return Object.fromEntries(kept)
}

function texts(value: unknown): string[] {
  return [value].flat().filter((each): each is string => typeof each === 'string')
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDetails(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}

function isId(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}

import type { ActionDetails, ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import type { ProviderDescription } from '../documents/provider-description.ts'
import { type Answer, notA } from './failure.ts'

type Of<Value extends ActionStatusValue, Details> = Omit<ActionStatus, 'status' | 'details'> & {
  status: Value
  details: Details
}

/** The status of an action. The type of its details is known only if it SUCCEEDED. */
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
 * Reads the status of an action tolerantly. Fields that a Python provider sends as `null` are left out. Times
 * stay as they were sent, because one without a zone is ambiguous.
 *
 * @throws UnexpectedAnswer for anything else
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

/** Reads a list of actions. @throws UnexpectedAnswer for anything else */
export function readActions(answer: Answer): Status[] {
  if (!Array.isArray(answer.json)) throw notA('list of actions', answer)
  return answer.json.map((each) => readStatus(each, answer))
}

/**
 * Reads a description, and fills in the defaults of the interface. @throws UnexpectedAnswer for anything else
 */
export function readDescription(answer: Answer): ProviderDescription {
  const { json } = answer
  if (!isFields(json) || typeof json.globus_auth_scope !== 'string' || typeof json.title !== 'string')
    throw notA('description of a provider', answer)
  const { types, input_schema, synchronous, log_supported } = json
  const description = present(
    json,
    [...TEXTS, 'subtitle', 'description'],
    [...LISTS, 'keywords', 'event_types'],
  )
  return {
    // The given fields come first, in their order; then the defaults.
    ...description,
    ...standard,
    ...description,
    types: texts(types).map((type) => type.toUpperCase()),
    synchronous: synchronous === true,
    log_supported: log_supported === true,
    input_schema: isFields(input_schema) ? input_schema : {},
  } as ProviderDescription
}

/** An OpenAPI document. */
export type OpenApi = { readonly openapi: string } & Readonly<Record<string, unknown>>

/** Reads an OpenAPI document. @throws UnexpectedAnswer for anything else */
export function readOpenApi(answer: Answer): OpenApi {
  const { json } = answer
  if (!isFields(json) || typeof json.openapi !== 'string') throw notA('OpenAPI document', answer)
  return json as OpenApi
}

/**
 * Reads a page of a log. Some providers send only the entries. @throws UnexpectedAnswer for anything else
 */
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

/** The defaults of a description. */
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

/** Leaves out fields that are `null` or not of the expected type. */
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

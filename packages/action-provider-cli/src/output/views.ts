import type { ActionLogEntry, ActionStatus, ProviderDescription } from 'action-provider-tools/client'
import { isObject } from '../client/documents.ts'
import { printable, printableJson } from './printable.ts'
import type { Table } from './table.ts'

/** An action for people. */
export function statusTable(status: ActionStatus): Table {
  return {
    kind: 'fields',
    fields: [
      ['Action', status.action_id],
      ['Status', status.status],
      ['Display', status.display_status === status.status ? undefined : text(status.display_status)],
      ['Label', text(status.label)],
      ['Creator', text(status.creator_id)],
      ['Started', text(status.start_time)],
      ['Completed', text(status.completion_time)],
      ['Release after', text(status.release_after)],
      ['Managed by', list(status.manage_by)],
      ['Monitored by', list(status.monitor_by)],
      ['Details', details(status.details)],
    ],
  }
}

export function actionsTable(actions: readonly ActionStatus[], empty: string): Table {
  return {
    kind: 'rows',
    columns: ['ACTION', 'STATUS', 'STARTED', 'LABEL'],
    rows: actions.map(({ action_id, status, start_time, label }) => [
      text(action_id) ?? '',
      text(status) ?? '',
      minute(start_time),
      text(label) ?? '',
    ]),
    empty,
  }
}

/** The description of a provider, who may use it, and its input. */
export function descriptionTable(description: ProviderDescription): Table {
  const fields = inputFields(description.input_schema)
  return {
    kind: 'sections',
    sections: [
      {
        table: {
          kind: 'fields',
          fields: [
            ['Title', text(description.title)],
            ['Subtitle', text(description.subtitle)],
            ['Description', text(description.description)],
            ['Keywords', list(description.keywords)],
            ['Scope', text(description.globus_auth_scope)],
            ['Visible to', list(description.visible_to)],
            ['Runnable by', list(description.runnable_by)],
            ['Administered by', list(description.administered_by)],
            ['Contact', text(description.admin_contact)],
            ['Synchronous', yesNo(description.synchronous)],
            ['Keeps a log', yesNo(description.log_supported)],
            ['Longest deadline', text(description.maximum_deadline)],
          ],
        },
      },
      {
        title: 'Input',
        table: {
          kind: 'rows',
          columns: ['FIELD', 'TYPE', 'REQUIRED', 'DESCRIPTION'],
          rows: fields.map(({ name, type, required, description: words }) => [
            name,
            type,
            required ? 'yes' : 'no',
            words,
          ]),
          empty: 'Any object: "--format json" shows its schema.',
        },
      },
    ],
  }
}

/** A line of an action's log. */
export function logLine({ time, code, description, details: more }: ActionLogEntry): string {
  const extra = more && Object.keys(more).length > 0 ? `  ${printableJson(more, 0)}` : ''
  return `${printable(String(time))}  ${printable(String(code))}  ${printable(String(description))}${extra}`
}

/** A field of a provider's input, as far as its schema is simple. */
export type InputField = {
  name: string
  type: string
  required: boolean
  description: string
  schema: Schema
}
export type Schema = Record<string, unknown>

/** The top-level fields of an input schema. */
export function inputFields(schema: Schema): InputField[] {
  const properties = isObject(schema?.properties) ? schema.properties : {}
  const required = Array.isArray(schema?.required) ? schema.required : []
  return Object.entries(properties).map(([name, property]) => {
    const own = isObject(property) ? property : {}
    return {
      name,
      type: typeWords(own, 3),
      required: required.includes(name),
      description: printable(String(own.description ?? own.title ?? '')),
      schema: own,
    }
  })
}

/** @param depth how many nested arrays are named; a schema may have any number */
function typeWords(schema: Schema, depth: number): string {
  if (Array.isArray(schema.enum))
    return schema.enum.map((value) => printable(JSON.stringify(value))).join(' | ')
  if ('const' in schema) return printable(JSON.stringify(schema.const))
  const type = [schema.type ?? []].flat().map(String).join(' | ')
  if (type === 'array' && isObject(schema.items) && depth > 0) {
    return `array of ${typeWords(schema.items, depth - 1)}`
  }
  const format = typeof schema.format === 'string' ? ` (${schema.format})` : ''
  return printable(`${type || 'any'}${format}`)
}

function details(value: ActionStatus['details'] | null | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : printableJson(value)
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : printable(String(value))
}

function list(value: readonly unknown[] | null | undefined): string | undefined {
  return value?.map((each) => printable(String(each))).join('\n') || undefined
}

/** A time to the minute, for lists. A provider's time without a zone stays without one. */
function minute(time: unknown): string {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)\S*?(Z|[+-]\d\d:?\d\d)?$/.exec(String(time))
  return found ? `${found[1]}${found[2] ?? ''}` : (text(time) ?? '')
}

function yesNo(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : value ? 'yes' : 'no'
}

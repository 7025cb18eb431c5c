import { EnumerateQuery, LogQuery, UpdatesQuery } from '../documents/queries.ts'
import type { Endpoint } from '../provider/endpoint.ts'
import type { Answer, ErrorStatus } from './error-answers.ts'
import type { Schema } from './input-components.ts'

/** How an argument of an operation is given (OpenAPI 3.1, "Parameter Object"). */
export type Parameter = {
  name: string
  in: 'path' | 'query' | 'header'
  description: string
  required?: true
  style?: 'form'
  explode?: false
  schema: Schema
}

/** How an endpoint is described, on each of its routes. */
export type Described = {
  tag: 'Provider' | 'Actions'
  summary: string
  description: string
  parameters?: readonly Parameter[]
  answers: Record<string, Answer>
  /** The errors that it may answer with, besides those that every endpoint may. */
  errors: readonly ErrorStatus[]
}

const json = (name: string): NonNullable<Answer['content']> => ({
  'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
})

const status = (description: string): Answer => ({ description, content: json('ActionStatus') })

const id: Parameter = {
  name: 'action_id',
  in: 'path',
  description: 'The action',
  required: true,
  schema: { type: 'string', minLength: 1 },
}

/** The header by which a caller says how long the answer may wait for the end of the action. */
export const PREFER: Parameter = {
  name: 'Prefer',
  in: 'header',
  description:
    '`wait=N` lets the answer wait up to N seconds, at most 60, for the end of the action; `respond-async` lets it not wait (RFC 7240)',
  schema: { type: 'string', examples: ['wait=20'] },
}

/** The header that says which preference the answer followed. */
export const PREFERENCE_APPLIED: NonNullable<Answer['headers']> = {
  'preference-applied': {
    description: 'The preference that the answer followed; absent if it followed none',
    schema: { type: 'string' },
  },
}

/** The operations whose answers may wait. */
export const WAITING: ReadonlySet<Endpoint> = new Set(['run', 'status'])

const WORDS: Readonly<
  Record<keyof typeof EnumerateQuery | keyof typeof LogQuery | keyof typeof UpdatesQuery, string>
> = {
  events: 'The kinds of events to send',
  status: 'Only actions with one of these statuses, in upper or lower case',
  roles:
    'Only actions in which the caller has one of these roles; in the two lists, a group of theirs counts too',
  limit: 'The most items of a page',
  per_page: 'An older name of `limit`; it counts if both are given',
  marker: 'The marker of the page before the wanted one',
  pagination_token: 'An older name of `marker`',
  reverse_order: 'Newest first, whatever the value',
  since: 'Only entries of this time or later',
  until: 'Only entries of this time or earlier',
}

function query(schemas: Readonly<Partial<Record<keyof typeof WORDS, object>>>): Parameter[] {
  return Object.entries(schemas).map(([name, schema]) => ({
    name,
    in: 'query' as const,
    description: WORDS[name as keyof typeof WORDS],
    ...('items' in schema && { style: 'form' as const, explode: false as const }),
    schema: schema as Schema,
  }))
}

/** The operations of the interface (interface, "Operations"), and the document itself. */
export const OPERATIONS: Readonly<Record<Endpoint, Described>> = {
  introspect: {
    tag: 'Provider',
    summary: 'Describe the provider',
    description: 'The description of the provider, with the schema of its input.',
    answers: { 200: { description: 'The description', content: json('ProviderDescription') } },
    errors: [],
  },
  openapi: {
    tag: 'Provider',
    summary: 'Get this document',
    description: 'OpenAPI 3.1 of this provider: its routes, arguments, answers and errors, and no others.',
    answers: {
      200: { description: 'The document', content: { 'application/json': { schema: { type: 'object' } } } },
    },
    errors: [],
  },
  run: {
    tag: 'Actions',
    summary: 'Start an action',
    description:
      'Starts an action, or finds the one that the same request started before: a `request_id` belongs to its caller, and starts one action, however often it is sent with the same content. The body is read as JSON, whatever its content type.',
    answers: {
      200: status('The action that this request started before'),
      202: status('The action, which this request started'),
    },
    errors: [409, 422],
  },
  status: {
    tag: 'Actions',
    summary: 'Get the status of an action',
    description: 'For the creator of the action and those in `monitor_by`.',
    parameters: [id],
    answers: { 200: status('The action') },
    errors: [404],
  },
  cancel: {
    tag: 'Actions',
    summary: 'Cancel an action',
    description: 'For the creator of the action and those in `manage_by`. A complete action does not change.',
    parameters: [id],
    answers: { 200: status('The action, which may take a while to end') },
    errors: [404],
  },
  resume: {
    tag: 'Actions',
    summary: 'Resume an inactive action',
    description: 'For the creator of the action and those in `manage_by`. The action must be `INACTIVE`.',
    parameters: [id],
    answers: { 200: status('The action, which is active again') },
    errors: [404, 409],
  },
  event: {
    tag: 'Actions',
    summary: 'Send an event to an action',
    description:
      'For the creator of the action and those in `manage_by`; or for whoever holds a signed URL of the event, without a token. The body is the value itself. An event that nobody waits for yet is kept; a repeated one counts once.',
    parameters: [
      id,
      {
        name: 'event',
        in: 'path',
        description: 'The name of the event',
        required: true,
        schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' },
      },
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'Tells a repetition from another event; without it, the content does',
        schema: { type: 'string', minLength: 1, maxLength: 255 },
      },
      { name: 'use', in: 'query', description: 'Of a signed URL', schema: { type: 'string' } },
      { name: 'signature', in: 'query', description: 'Of a signed URL', schema: { type: 'string' } },
    ],
    answers: { 200: status('The action') },
    errors: [404, 409, 422],
  },
  release: {
    tag: 'Actions',
    summary: 'Release an action',
    description:
      'For the creator of the action and those in `manage_by`. The action must be complete. The provider forgets it.',
    parameters: [id],
    answers: { 200: status('The action, with its last status') },
    errors: [404, 409],
  },
  log: {
    tag: 'Actions',
    summary: 'Read the log of an action',
    description: 'A page of its log, for the creator of the action and those in `monitor_by`.',
    parameters: [id, ...query(LogQuery)],
    answers: { 200: { description: 'The page', content: json('ActionLogPage') } },
    errors: [404, 422],
  },
  updates: {
    tag: 'Actions',
    summary: 'Follow an action',
    description:
      'Server-sent events, for the creator of the action and those in `monitor_by`, until the action is complete: `status` with an ActionStatus, at first and at each change, and `log` with each entry of the log. A comment every 15 seconds keeps the connection open. `Last-Event-ID` resumes after the last event that arrived.',
    parameters: [
      id,
      ...query(UpdatesQuery),
      {
        name: 'Last-Event-ID',
        in: 'header',
        description: 'The `id` of the last event that was received',
        schema: { type: 'string' },
      },
    ],
    answers: {
      200: { description: 'The events', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      204: { description: 'The action is complete, and the caller has received every event' },
    },
    errors: [404, 422, 503],
  },
  enumerate: {
    tag: 'Actions',
    summary: "List the caller's actions",
    description: 'A page of the actions in which the caller has one of the wanted roles, newest first.',
    parameters: query(EnumerateQuery),
    answers: {
      200: {
        description: 'The page',
        headers: {
          link: {
            description: 'Where the next page is, if there is one (RFC 8288)',
            schema: { type: 'string' },
          },
        },
        content: {
          'application/json': {
            schema: { type: 'array', items: { $ref: '#/components/schemas/ActionStatus' } },
          },
        },
      },
    },
    errors: [422],
  },
}

/** A browser's preflight request for a web page of another origin. */
export const PREFLIGHT: Described = {
  tag: 'Provider',
  summary: 'Tell a browser which methods a web page may use',
  description: 'Answers the preflight request that a browser sends for a web page of another origin.',
  answers: {
    204: {
      description: 'The methods are in a header',
      headers: {
        'access-control-allow-methods': { description: 'The methods', schema: { type: 'string' } },
      },
    },
  },
  errors: [],
}

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

/** What is said of an endpoint, whichever of its routes is asked. */
export type Described = {
  tag: 'Provider' | 'Actions'
  summary: string
  description: string
  parameters?: readonly Parameter[]
  answers: Record<string, Answer>
  /** The errors that it may give, besides those that any may. */
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

/** How a caller says for how long the answer may wait for the end of the action. */
export const PREFER: Parameter = {
  name: 'Prefer',
  in: 'header',
  description:
    '`wait=N` lets the answer wait up to N seconds, at most 60, for the end of the action; `respond-async` lets it not wait (RFC 7240)',
  schema: { type: 'string', examples: ['wait=20'] },
}

/** What tells its caller that it was done so. */
export const PREFERENCE_APPLIED: NonNullable<Answer['headers']> = {
  'preference-applied': {
    description: 'What the answer went by of `Prefer`; absent where it did not',
    schema: { type: 'string' },
  },
}

/** The operations whose answers may wait. */
export const WAITING: ReadonlySet<Endpoint> = new Set(['run', 'status'])

const WORDS: Readonly<
  Record<keyof typeof EnumerateQuery | keyof typeof LogQuery | keyof typeof UpdatesQuery, string>
> = {
  events: 'What to tell of',
  status: 'The actions that are so, in any case',
  roles: 'The actions to which the caller, or for the two lists a group of theirs, is one of these',
  limit: 'How many a page has at most',
  per_page: 'An older name of `limit`, and what counts where both are given',
  marker: 'The marker of the page before, for the one after it',
  pagination_token: 'An older name of `marker`',
  reverse_order: 'The newest first, whatever the value',
  since: 'Only what happened at this time or later',
  until: 'Only what happened at this time or before',
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
    summary: 'What this provider does, and how it is asked',
    description: 'The description of the provider, with the schema of its input.',
    answers: { 200: { description: 'The description', content: json('ProviderDescription') } },
    errors: [],
  },
  openapi: {
    tag: 'Provider',
    summary: 'This document',
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
      'Starts an action, or finds the one that the same request started before: a `request_id` belongs to its caller, and starts one action, however often it is sent with the same content. The body is read as JSON whatever its type is said to be.',
    answers: {
      200: status('The action that this request started before'),
      202: status('The action, which this request started'),
    },
    errors: [409, 422],
  },
  status: {
    tag: 'Actions',
    summary: 'How an action is',
    description: 'For the creator of the action and those in `monitor_by`.',
    parameters: [id],
    answers: { 200: status('The action') },
    errors: [404],
  },
  cancel: {
    tag: 'Actions',
    summary: 'End an action',
    description:
      'For the creator of the action and those in `manage_by`. An action that is complete stays as it is.',
    parameters: [id],
    answers: { 200: status('The action, which may take a while to end') },
    errors: [404],
  },
  resume: {
    tag: 'Actions',
    summary: 'Let an inactive action go on',
    description: 'For the creator of the action and those in `manage_by`. The action must be `INACTIVE`.',
    parameters: [id],
    answers: { 200: status('The action, which goes on') },
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
        description: 'Tells a repetition from another event; without it the content does',
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
    summary: 'Forget an action',
    description:
      'For the creator of the action and those in `manage_by`. The action must be complete; afterwards it is gone.',
    parameters: [id],
    answers: { 200: status('The action, as it was at its end') },
    errors: [404, 409],
  },
  log: {
    tag: 'Actions',
    summary: 'What happened to an action',
    description: 'A page of its log, for the creator of the action and those in `monitor_by`.',
    parameters: [id, ...query(LogQuery)],
    answers: { 200: { description: 'The page', content: json('ActionLogPage') } },
    errors: [404, 422],
  },
  updates: {
    tag: 'Actions',
    summary: 'Follow an action',
    description:
      'Server-sent events, for the creator of the action and those in `monitor_by`, until the action is complete: `status` with an ActionStatus, at first and whenever that is another, and `log` with each entry of the log. A comment every 15 seconds keeps the connection. After a break, the id of the last event goes on where it broke off.',
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
      204: { description: 'The action is complete, and all of it was told' },
    },
    errors: [404, 422, 503],
  },
  enumerate: {
    tag: 'Actions',
    summary: "The caller's actions",
    description:
      'A page of the actions to which the caller has one of the roles asked for, the newest first.',
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

/** What any web page may ask about a provider, before it asks. */
export const PREFLIGHT: Described = {
  tag: 'Provider',
  summary: 'Which methods a web page may use here',
  description: 'Answers what a browser asks before a web page of another host may read what is here.',
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

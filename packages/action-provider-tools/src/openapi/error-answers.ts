import {
  ActionConflict,
  ActionNotFound,
  ActionProviderError,
  type ActionProviderToolsError,
  BadActionRequest,
  ForbiddenRequest,
  PayloadTooLarge,
  RequestValidationError,
  ServiceUnavailable,
  TooManyRequests,
  UnauthorizedRequest,
} from '../errors.ts'
import type { Schema } from './input-components.ts'

/** An answer of an operation (OpenAPI 3.1, "Response Object"). */
export type Answer = {
  description: string
  headers?: Record<string, { description: string; required?: true; schema: Schema }>
  content?: Record<string, { schema: Schema; example?: unknown }>
}

/** The errors of the interface by status, each with a description and an example (interface, "Codes"). */
const ERRORS = [
  [
    'The request is not well-formed, or its body is not JSON',
    new BadActionRequest('The body is not JSON: send a JSON object'),
  ],
  ['There is no token, or none that is good', new UnauthorizedRequest()],
  [
    'The token lacks the scope, or the caller may not use the provider',
    new ForbiddenRequest(
      "You are not in this provider's runnable_by: ask its administrators (admin_contact)",
    ),
  ],
  ['There is no such action, or none that the caller may see or manage', new ActionNotFound()],
  [
    'The request does not fit what was sent before, or how the action is',
    new ActionConflict('This action is not complete: cancel it first, then release it'),
  ],
  [
    'The body is larger than the provider takes',
    new PayloadTooLarge('The body is larger than this provider takes'),
  ],
  [
    'The request or its input does not fit its schema; every error is listed',
    new RequestValidationError("Field '$.label' (category: 'type'): must be string"),
  ],
  [
    'The caller sends more than the provider allows',
    new TooManyRequests('You send too many requests: try again later', { headers: { 'retry-after': '1' } }),
  ],
  ['The provider failed', new ActionProviderError()],
  [
    'Globus or the database cannot be reached, or there is too much to do',
    new ServiceUnavailable('Globus Auth cannot be asked at the moment: try again later'),
  ],
] as const satisfies readonly (readonly [when: string, example: ActionProviderToolsError])[]

export type ErrorStatus = (typeof ERRORS)[number][1]['status']

const HEADERS: Readonly<NonNullable<Answer['headers']>> = {
  'www-authenticate': {
    description: 'What is wrong with the token (RFC 6750)',
    required: true,
    schema: { type: 'string' },
  },
  'retry-after': { description: 'Seconds to wait', required: true, schema: { type: 'integer', minimum: 0 } },
}

const schema = { $ref: '#/components/schemas/Error' }

/**
 * The error answers of an operation.
 * @param others whether the author's own rules may give further errors
 */
export function errorAnswers(statuses: ReadonlySet<ErrorStatus>, others: boolean): Record<string, Answer> {
  const answers: Record<string, Answer> = {}
  for (const [description, error] of ERRORS) {
    if (!statuses.has(error.status)) continue
    const headers = Object.keys(error.headers).flatMap((name) => {
      const header = HEADERS[name]
      return header === undefined ? [] : [[name, header] as const]
    })
    answers[error.status] = {
      description,
      ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
      content: { 'application/json': { schema, example: error.toDocument() } },
    }
  }
  if (others) {
    answers.default = {
      description: "Another error, by the provider's own rules",
      content: { 'application/json': { schema } },
    }
  }
  return answers
}

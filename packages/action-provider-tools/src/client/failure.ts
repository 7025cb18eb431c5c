import {
  ActionConflict,
  ActionNotFound,
  ActionProviderError,
  ActionProviderToolsError,
  BadActionRequest,
  ConsentRequired,
  type ErrorDocument,
  type ErrorOptions,
  ForbiddenRequest,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  RequestValidationError,
  ServiceUnavailable,
  TooManyRequests,
  UnauthorizedRequest,
} from '../errors.ts'
import { parseRetryAfter } from '../retry.ts'
import type { ServerEvent } from './event-stream.ts'

/** An answer with its whole body. `json` is `undefined` if the body is not JSON, or nested too deeply. */
export type Answer = {
  status: number
  headers: Headers
  json: unknown
  url: URL
  /** A stream of events, where one was asked for, in place of a document. */
  events?: AsyncIterable<Omit<ServerEvent, 'data'> & { json: unknown }>
}

/**
 * An answer that the interface does not define: from a gateway, a web page, or a provider that breaks the
 * interface.
 */
export class UnexpectedAnswer extends ActionProviderToolsError {
  readonly status: number
  readonly code = 'UnexpectedAnswer'

  constructor(status: number, description: string, options: ErrorOptions = {}) {
    super(description, options)
    this.status = status
  }
}

type ErrorClass = new (description: string, options: ErrorOptions) => ActionProviderToolsError

const byStatus: Record<number, ErrorClass> = {
  400: BadActionRequest,
  401: UnauthorizedRequest,
  403: ForbiddenRequest,
  404: NotFound,
  405: MethodNotAllowed,
  409: ActionConflict,
  413: PayloadTooLarge,
  422: RequestValidationError,
  429: TooManyRequests,
  500: ActionProviderError,
  503: ServiceUnavailable,
}

/**
 * The error for an answer (interface, "Codes"). The status decides, because the codes of older providers
 * differ. The answer is its cause.
 */
export function failure(answer: Answer): ActionProviderToolsError {
  const { status, json } = answer
  const document = errorDocument(json)
  const options = { headers: headersOf(answer), cause: answer }
  const create = (description: string): ActionProviderToolsError => {
    const Known = byStatus[status]
    return Known ? new Known(description, options) : new UnexpectedAnswer(status, description, options)
  }
  if (document === undefined) return create(foreign(answer))
  const [code, description] = [printable(document.code), printable(document.description)]
  if (status === 404 && code === 'ActionNotFound') return new ActionNotFound(description, options)
  const { required_scope } = json as { required_scope?: unknown }
  if (status === 403 && code === 'ConsentRequired' && typeof required_scope === 'string')
    return new ConsentRequired(printable(required_scope), options)
  const error = create(description)
  return error.code === code ? error : create(`${code}: ${description}`)
}

/** The error for a document of an unexpected kind. */
export function notA(what: string, answer: Answer): UnexpectedAnswer {
  return new UnexpectedAnswer(
    answer.status,
    answer.json === undefined
      ? foreign(answer)
      : `${answer.url.href} did not answer with the expected ${what}: tell its admin_contact`,
    { cause: answer },
  )
}

/** The milliseconds of a `Retry-After` header, which is a number of seconds or a date. */
export function retryAfter({ headers }: Pick<Answer, 'headers'>, now = Date.now()): number | undefined {
  return parseRetryAfter(headers.get('retry-after'), now)
}

/** Foreign text for use in a message: on one line, and not too long. */
export function printable(text: string): string {
  const line = text.slice(0, 1001).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.length > 1000 ? `${line.slice(0, 1000)}…` : line
}

function foreign({ status, headers, url }: Answer): string {
  const type = headers.get('content-type')?.replace(/;.*/s, '') ?? 'nothing'
  return `${url.href} answered ${status} with ${printable(type)}, which no action provider does: check its URL, or try again later`
}

function headersOf(answer: Answer): Record<string, string> {
  const headers: Record<string, string> = {}
  const wait = retryAfter(answer)
  if (wait !== undefined) headers['retry-after'] = String(Math.ceil(wait / 1000))
  for (const name of ['www-authenticate', 'allow']) {
    const value = answer.headers.get(name)
    if (value !== null) headers[name] = value
  }
  return headers
}

/** The error document of an answer, if it is one. Its texts are as the provider sent them. */
export function errorDocument(json: unknown): ErrorDocument | undefined {
  const { code, description } = (json ?? {}) as Partial<Record<keyof ErrorDocument, unknown>>
  if (typeof code !== 'string' || typeof description !== 'string') return undefined
  return { code, description }
}

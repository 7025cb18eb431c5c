import { STATUS_CODES } from 'node:http'
import { refusedError, unavailableError, usageError } from '../errors.ts'
import { keepSecret, mask, maskBody } from '../output/masking.ts'
import { printable } from '../output/printable.ts'
import { isLoopback } from './loopback.ts'
import { NetworkFailure } from './network-errors.ts'

/** A request, with the token or the secret that goes along. */
export type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  url: URL
  /** The value of the Authorization header. */
  authorization?: string | undefined
  headers?: Record<string, string>
  body?: string
}

/** An answer with its whole body. `json` is `undefined` where that is no JSON, or too deep. */
export type HttpAnswer = { status: number; headers: Headers; text: string; json: unknown; url: URL }

/** What `exchange` tells of what it does. */
export type Trace = (line: string) => void

const TIMEOUT = 30_000
const REDIRECTS = 5
const DEEPEST = 200
const LARGEST_ANSWER = 64 * 1024 * 1024

/**
 * Sends a request and reads the whole answer, whatever its status. Redirects are followed within the host alone, and a
 * token is sent neither elsewhere nor, but for this machine itself, without TLS.
 *
 * @throws NetworkFailure; CommandError for a redirect or a URL that must not be followed
 */
export async function exchange(request: HttpRequest, trace: Trace): Promise<HttpAnswer> {
  let current = request
  for (let redirects = 0; ; redirects++) {
    const answer = await once(current, trace)
    const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null
    if (location === null) return answer
    if (redirects >= REDIRECTS)
      throw unavailableError(`${request.url.href} redirects in a circle: check the URL`)
    current = { ...current, url: followed(current, location, answer.status) }
  }
}

/** The seconds of a `Retry-After` header, as a number or a date, in milliseconds. */
export function retryAfter({ headers }: Pick<HttpAnswer, 'headers'>, now = Date.now()): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (!value) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Whether a provider, or what stands before it, only wants to be asked later. */
export function asksForPatience({ status }: Pick<HttpAnswer, 'status'>): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504
}

async function once(
  { method, url, authorization, headers, body }: HttpRequest,
  trace: Trace,
): Promise<HttpAnswer> {
  if (authorization !== undefined) checkCarrier(url, authorization)
  const all = new Headers({ accept: 'application/json', 'user-agent': 'action-provider-cli', ...headers })
  if (authorization !== undefined) all.set('authorization', authorization)
  traceRequest(trace, method, url, all, body)
  const started = performance.now()
  try {
    const response = await fetch(url, {
      method,
      headers: all,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT),
      ...(body !== undefined && { body }),
    })
    const text = await readText(response)
    traceAnswer(trace, response, text, performance.now() - started)
    return { status: response.status, headers: response.headers, text, json: parsed(text), url }
  } catch (error) {
    const failure = new NetworkFailure(url.origin, error)
    trace(`! ${failure.message}`)
    throw failure
  }
}

/** Reads an answer, but not without end. */
async function readText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > LARGEST_ANSWER) throw new Error('the answer is too large')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function checkCarrier(url: URL, authorization: string): void {
  keepSecret(authorization.replace(/^\S+ +/, ''))
  if (url.protocol !== 'https:' && !isLoopback(url)) {
    throw usageError(
      `No token is sent to ${url.origin}, as anybody on the way could read it: use its https:// URL`,
    )
  }
}

function followed({ method, url }: HttpRequest, location: string, status: number): URL {
  const target = URL.parse(location, url.href)
  if (target === null) throw unavailableError(`${url.href} redirects to nowhere: check the URL`)
  const sameHost =
    target.hostname === url.hostname && (target.port === url.port || target.protocol !== url.protocol)
  const safer = target.protocol === url.protocol || target.protocol === 'https:'
  const keepsMethod = method === 'GET' || status === 307 || status === 308
  if (sameHost && safer && keepsMethod) return target
  throw refusedError(
    `${url.href} redirects to ${printable(target.origin + target.pathname)}, which is not followed: if you trust it, use that URL`,
  )
}

/** The JSON of a text; what is nested so deeply that it could not be shown or checked is taken for none. */
function parsed(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text)
    return nestsWithin(json, DEEPEST) ? json : undefined
  } catch {
    return undefined
  }
}

function nestsWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((each) => nestsWithin(each, depth - 1))
}

function traceRequest(
  trace: Trace,
  method: string,
  url: URL,
  headers: Headers,
  body: string | undefined,
): void {
  trace(`> ${method} ${printable(mask(url.href))}`)
  for (const [name, value] of headers)
    trace(`> ${name}: ${name === 'authorization' ? maskAuthorization(value) : value}`)
  if (body !== undefined) trace(`> ${printable(maskBody(body, headers.get('content-type')))}`)
}

function traceAnswer(trace: Trace, response: Response, text: string, milliseconds: number): void {
  trace(`< ${response.status} ${STATUS_CODES[response.status] ?? ''} (${Math.round(milliseconds)} ms)`)
  for (const [name, value] of response.headers)
    trace(`< ${name}: ${name === 'set-cookie' ? '***' : printable(mask(value))}`)
  if (text !== '') trace(`< ${printable(maskBody(text, response.headers.get('content-type')))}`)
}

function maskAuthorization(value: string): string {
  return `${value.replace(/ .*/s, '')} ***`
}

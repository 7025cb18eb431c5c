import { STATUS_CODES } from 'node:http'
import { isLoopback, NetworkFailure } from 'action-provider-tools/client'
import { refusedError, unavailableError, usageError } from '../errors.ts'
import { keepSecret, mask, maskBody } from '../output/masking.ts'
import { printable } from '../output/printable.ts'

/** A request, with its token or secret. */
export type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  url: URL
  /** The value of the Authorization header. */
  authorization?: string | undefined
  headers?: Record<string, string>
  body?: string
}

/** An answer with its whole body. `json` is `undefined` if the body is not JSON. */
export type HttpAnswer = { status: number; headers: Headers; text: string; json: unknown; url: URL }

/** Receives the lines of `--verbose`. */
export type Trace = (line: string) => void

const TIMEOUT = 30_000
const REDIRECTS = 5
const LARGEST_ANSWER = 64 * 1024 * 1024

/**
 * Sends a request to Globus, and reads the whole answer, whatever its status. Redirects are followed only
 * within the host. A token is sent only there, and without TLS only to this machine.
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

/** A `fetch` that reports requests and answers to `--verbose`. */
export function tracingFetch(trace: Trace): typeof fetch {
  return async (input, init) => {
    const url = new URL(String(input))
    const headers = new Headers({ 'user-agent': 'action-provider-cli', ...init?.headers })
    traceRequest(trace, init?.method ?? 'GET', url, headers, init?.body?.toString())
    const started = performance.now()
    try {
      const response = await fetch(url, { ...init, headers })
      return watched(response, (text) => traceAnswer(trace, response, text, performance.now() - started))
    } catch (error) {
      trace(`! ${new NetworkFailure(url.origin, error).message}`)
      throw error
    }
  }
}

/** The same response; its body is reported when it has been read. */
function watched(response: Response, tell: (text: string) => void): Response {
  // A stream of updates is told of when it begins: it may go on for hours.
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
  if (response.body === null || isStream) {
    tell('')
    return response
  }
  const decoder = new TextDecoder()
  let text = ''
  const telling = new TransformStream<Uint8Array, Uint8Array>({
    transform(part, controller) {
      text += decoder.decode(part, { stream: true })
      controller.enqueue(part)
    },
    flush: () => tell(text + decoder.decode()),
  })
  return new Response(response.body.pipeThrough(telling), response)
}

async function once(
  { method, url, authorization, headers, body }: HttpRequest,
  trace: Trace,
): Promise<HttpAnswer> {
  if (authorization !== undefined) checkCarrier(url, authorization)
  try {
    const response = await tracingFetch(trace)(url, {
      method,
      headers: { accept: 'application/json', ...headers, ...(authorization && { authorization }) },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT),
      ...(body !== undefined && { body }),
    })
    const text = await readText(response)
    return { status: response.status, headers: response.headers, text, json: parsed(text), url }
  } catch (error) {
    throw new NetworkFailure(url.origin, error)
  }
}

/**
 * Reads an answer up to a limit.
 * @param most bytes
 * @throws Error if it is larger
 */
export async function readText(response: Response, most = LARGEST_ANSWER): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > most) throw new Error('the answer is too large')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function checkCarrier(url: URL, authorization: string): void {
  keepSecret(authorization.replace(/^\S+ +/, ''))
  requireEncryption(url)
}

/** @throws CommandError if a token would leave this machine unencrypted */
export function requireEncryption(url: URL): void {
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return
  throw usageError(
    `A token is not sent to ${url.origin}, because others could read it on the way: use the https:// URL`,
  )
}

function followed({ method, url }: HttpRequest, location: string, status: number): URL {
  const target = URL.parse(location, url.href)
  if (target === null) throw unavailableError(`${url.href} redirects to an invalid URL: check the URL`)
  const sameHost =
    target.hostname === url.hostname && (target.port === url.port || target.protocol !== url.protocol)
  const safer = target.protocol === url.protocol || target.protocol === 'https:'
  const keepsMethod = method === 'GET' || status === 307 || status === 308
  if (sameHost && safer && keepsMethod) return target
  throw refusedError(
    `${url.href} redirects to ${printable(target.origin + target.pathname)}, which is not followed: if you trust it, use that URL`,
  )
}

/** Parses JSON; `undefined` for other text. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
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

import { isLoopback } from '../auth/globus-urls.ts'
import { eventReader, type ServerEvent } from './event-stream.ts'
import { type Answer, printable, UnexpectedAnswer } from './failure.ts'
import { NetworkFailure } from './network-failure.ts'
import { InvalidArgument } from './provider-url.ts'
import type { GetToken } from './token.ts'

/** A request, and who sends it. */
export type Exchange = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  url: URL
  /** The caller's token, or a function that returns one, and another if the first is refused. */
  token?: string | GetToken | undefined
  /** An `authorization` among them, such as a password, is protected like a token. */
  headers?: Record<string, string>
  body?: string | undefined
  signal?: AbortSignal | undefined
  /** How long the whole answer may take, or the first part of a stream, in milliseconds (default 30,000). */
  timeout?: number
  /** Accept a stream of events too. */
  events?: boolean
}

/** How to send requests. */
export type Carrier = {
  /** Sends the requests (default: the runtime's `fetch`). */
  fetch?: typeof fetch | undefined
  /** Reads the JSON of answers (default: `JSON.parse`). */
  parse?: ((text: string) => unknown) | undefined
  /** Also send tokens to other machines without TLS (default false). */
  insecure?: boolean | undefined
}

/** How long an answer may take by default, in milliseconds. */
export const PATIENCE = 30_000
const REDIRECTS = 5
const DEEPEST = 1_000
const LARGEST_ANSWER = 64 * 1024 * 1024

/**
 * Sends a request to a provider, or to a service of Globus, and reads the whole answer, whatever its status. Redirects are
 * followed only within the origin; without a token, also to https on the same host. Without TLS, a token is sent only to this
 * machine.
 *
 * @throws NetworkFailure; UnexpectedAnswer for a redirect that is not followed, and for an answer that is too long;
 *   InvalidArgument for a token that must not be sent; the signal's reason
 * @example const { status, json } = await exchange({ method: 'GET', url: new URL('v2/groups/my_groups', groups), token })
 */
export async function exchange(request: Exchange, carrier: Carrier = {}): Promise<Answer> {
  const { token: given } = request
  if (typeof given !== 'function') return follow(request, given, carrier)
  const token = await given({})
  const answer = await follow(request, token, carrier)
  if (answer.status !== 401 || token === undefined) return answer
  const other = await given({ refused: token })
  return other === undefined || other === token ? answer : follow(request, other, carrier)
}

type Authorized = Omit<Exchange, 'token'> & { authorization: string | undefined }

async function follow(
  { token: _token, ...request }: Exchange,
  token: string | undefined,
  carrier: Carrier,
): Promise<Answer> {
  if (token !== undefined) checkToken(token)
  const authorization = token === undefined ? request.headers?.authorization : `Bearer ${token}`
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const answer = await once({ ...request, authorization, url }, carrier)
    const { status, headers } = answer
    const location = status >= 300 && status < 400 ? headers.get('location') : null
    if (location === null) return answer
    if (redirects >= REDIRECTS)
      throw new UnexpectedAnswer(status, `${request.url.href} redirects in a circle: check the URL`)
    url = followed({ ...request, authorization, url }, location, status)
  }
}

async function once(
  { method, url, authorization, headers, body, signal, timeout = PATIENCE, events = false }: Authorized,
  { fetch: send = fetch, parse = JSON.parse, insecure = false }: Carrier,
): Promise<Answer> {
  if (authorization !== undefined && !insecure) requireTls(url)
  signal?.throwIfAborted()
  const patience = createPatience(timeout)
  const request: RequestInit = {
    method,
    headers: {
      accept: events ? 'text/event-stream, application/json' : 'application/json',
      ...headers,
      ...(authorization !== undefined && { authorization }),
    },
    redirect: 'manual',
    cache: 'no-store',
    signal: signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]),
    ...(body !== undefined && { body }),
  }
  try {
    const response = await send(url, request)
    if (response.type === 'opaqueredirect') throw hidden(url, response.status)
    const { status, body } = response
    if (events && status === 200 && body && isEventStream(response)) {
      return {
        status,
        headers: response.headers,
        json: undefined,
        url,
        events: readEvents(body, url, { patience, parse, signal }),
      }
    }
    const json = parsed(await wholeText(response, url), parse)
    patience.end()
    return { status, headers: response.headers, json, url }
  } catch (error) {
    patience.end()
    signal?.throwIfAborted()
    throw error instanceof UnexpectedAnswer ? error : new NetworkFailure(url.origin, error)
  }
}

type Parse = NonNullable<Carrier['parse']>

/** How long a stream may be silent, in milliseconds: providers send something every 15 seconds. */
const SILENCE = 45_000

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true
}

/**
 * Reads a stream of events, which may have no end. The stream fails if the provider falls silent. @throws
 * NetworkFailure; the signal's reason
 */
async function* readEvents(
  body: ReadableStream<Uint8Array>,
  url: URL,
  { patience, parse, signal }: { patience: Patience; parse: Parse; signal: AbortSignal | undefined },
): AsyncGenerator<Omit<ServerEvent, 'data'> & { json: unknown }> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const read = eventReader()
  try {
    for (;;) {
      patience.renew(SILENCE)
      const { done, value } = await reader.read()
      // Who reads may take its time.
      patience.end()
      if (done) return
      for (const { data, ...event } of read(decoder.decode(value, { stream: true }))) {
        yield { ...event, json: parsed(data, parse) }
      }
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof RangeError) throw new UnexpectedAnswer(200, `${url.href} tells of ${error.message}`)
    throw new NetworkFailure(url.origin, error)
  } finally {
    patience.end()
    await reader.cancel().catch(() => {})
  }
}

/** Ends what takes too long, by its signal. */
type Patience = { signal: AbortSignal; renew: (milliseconds: number) => void; end: () => void }

function createPatience(milliseconds: number): Patience {
  const late = new AbortController()
  const end = (): void => clearTimeout(timer)
  const begin = (time: number): ReturnType<typeof setTimeout> =>
    setTimeout(() => late.abort(new DOMException('It takes too long', 'TimeoutError')), time)
  let timer = begin(milliseconds)
  return {
    signal: late.signal,
    renew(time) {
      end()
      timer = begin(time)
    },
    end,
  }
}

async function wholeText(response: Response, url: URL): Promise<string> {
  try {
    return await readText(response)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UnexpectedAnswer(response.status, `${url.href} answers with ${error.message}: check its URL`)
  }
}

/**
 * Reads the text of an answer, up to a limit.
 *
 * @param most in bytes (default 64 MiB)
 * @throws RangeError if it is longer
 */
export async function readText(response: Response, most = LARGEST_ANSWER): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length
    if (size > most) {
      await reader.cancel()
      throw new RangeError(`more than ${most / 1024 / 1024} MiB`)
    }
    text += decoder.decode(part.value, { stream: true })
  }
  return text + decoder.decode()
}

/** Checks a token before it is sent, because the runtime's own message would repeat it. */
function checkToken(token: string): void {
  if (/^[\x21-\x7e]+$/.test(token)) return
  throw new InvalidArgument(
    'The token is not valid: it is empty, or has spaces or other characters that no token has',
  )
}

/** @throws InvalidArgument for a URL to which a token would go unencrypted, unless it is on this machine */
export function requireTls(url: URL): void {
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return
  throw new InvalidArgument(
    `A token is not sent to ${url.origin}, because others could read it on the way: use the https:// URL`,
  )
}

/** Browsers hide from programs where a redirect leads. */
function hidden(url: URL, status: number): UnexpectedAnswer {
  return new UnexpectedAnswer(
    status,
    `${url.href} redirects, and a browser cannot follow that safely: use the URL that it leads to`,
  )
}

function followed({ method, url, authorization }: Authorized, location: string, status: number): URL {
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined
  if (target === undefined)
    throw new UnexpectedAnswer(status, `${url.href} redirects to an invalid URL: check the URL`)
  const safer =
    authorization === undefined && target.hostname === url.hostname && target.protocol === 'https:'
  const keepsMethod = method === 'GET' || status === 307 || status === 308
  if ((target.origin === url.origin || safer) && keepsMethod) return target
  throw new UnexpectedAnswer(
    status,
    `${url.href} redirects to ${printable(target.origin + target.pathname)}, which is not followed: if you trust it, use that URL`,
  )
}

/** Parses JSON. `undefined` for other text, and for JSON nested too deeply to be written again. */
function parsed(text: string, parse: Parse): unknown {
  try {
    const json = parse(text)
    return nestsWithin(json, DEEPEST) ? json : undefined
  } catch {
    return undefined
  }
}

function nestsWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((each) => nestsWithin(each, depth - 1))
}

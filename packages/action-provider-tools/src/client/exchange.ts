import { isLoopback } from '../auth/globus-urls.ts'
import { eventReader, type ServerEvent } from './event-stream.ts'
import { type Answer, printable, UnexpectedAnswer } from './failure.ts'
import { NetworkFailure } from './network-failure.ts'
import { InvalidArgument } from './provider-url.ts'

/** A request, with its token. */
export type Exchange = {
  method: 'GET' | 'POST'
  url: URL
  token?: string | undefined
  headers?: Record<string, string>
  body?: string | undefined
  signal?: AbortSignal | undefined
  /** Milliseconds in which the whole answer must have come, or the first of a stream. */
  timeout: number
  /** Take a stream of events too. */
  events?: boolean
}

/** How to send requests. */
export type Carrier = { fetch: typeof fetch; parse: (text: string) => unknown; insecure: boolean }

const REDIRECTS = 5
const DEEPEST = 1_000
const LARGEST_ANSWER = 64 * 1024 * 1024

/**
 * Sends a request and reads the whole answer, whatever its status. Redirects are followed only within the
 * origin, or without a token to https on the same host. Without TLS, a token is sent only to this machine.
 *
 * @throws NetworkFailure; UnexpectedAnswer for a redirect that is not followed and for a too long answer;
 *   InvalidArgument for a token that must not be sent; the signal's reason
 */
export async function exchange(request: Exchange, carrier: Carrier): Promise<Answer> {
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const answer = await once({ ...request, url }, carrier)
    const { status, headers } = answer
    const location = status >= 300 && status < 400 ? headers.get('location') : null
    if (location === null) return answer
    if (redirects >= REDIRECTS)
      throw new UnexpectedAnswer(status, `${request.url.href} redirects in a circle: check the URL`)
    url = followed({ ...request, url }, location, status)
  }
}

async function once(
  { method, url, token, headers, body, signal, timeout, events = false }: Exchange,
  { fetch, parse, insecure }: Carrier,
): Promise<Answer> {
  if (token !== undefined) checkCarrier(url, token, insecure)
  signal?.throwIfAborted()
  const patience = createPatience(timeout)
  const request: RequestInit = {
    method,
    headers: {
      accept: events ? 'text/event-stream, application/json' : 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    redirect: 'manual',
    cache: 'no-store',
    signal: signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]),
    ...(body !== undefined && { body }),
  }
  try {
    const response = await fetch(url, request)
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
    const json = parsed(await readText(response, url), parse)
    patience.end()
    return { status, headers: response.headers, json, url }
  } catch (error) {
    patience.end()
    signal?.throwIfAborted()
    throw error instanceof UnexpectedAnswer ? error : new NetworkFailure(url.origin, error)
  }
}

/** Milliseconds in which a stream must say something: providers do every 15 seconds. */
const SILENCE = 45_000

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true
}

/**
 * Reads a stream of events, which may go on for ever, and is lost where it falls silent. @throws
 * NetworkFailure; the signal's reason
 */
async function* readEvents(
  body: ReadableStream<Uint8Array>,
  url: URL,
  {
    patience,
    parse,
    signal,
  }: { patience: Patience; parse: Carrier['parse']; signal: AbortSignal | undefined },
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

/** Reads an answer up to LARGEST_ANSWER. */
async function readText(response: Response, url: URL): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length
    if (size > LARGEST_ANSWER) {
      await reader.cancel()
      throw new UnexpectedAnswer(
        response.status,
        `${url.href} answers with more than ${LARGEST_ANSWER / 1024 / 1024} MiB: check its URL`,
      )
    }
    text += decoder.decode(part.value, { stream: true })
  }
  return text + decoder.decode()
}

function checkCarrier(url: URL, token: string, insecure: boolean): void {
  // Checked here, because the runtime's message would repeat the token.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new InvalidArgument(
      'The token is not valid: it is empty, or has spaces or other characters that no token has',
    )
  if (url.protocol === 'https:' || isLoopback(url.hostname) || insecure) return
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

function followed({ method, url, token }: Exchange, location: string, status: number): URL {
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined
  if (target === undefined)
    throw new UnexpectedAnswer(status, `${url.href} redirects to an invalid URL: check the URL`)
  const safer = token === undefined && target.hostname === url.hostname && target.protocol === 'https:'
  const keepsMethod = method === 'GET' || status === 307 || status === 308
  if ((target.origin === url.origin || safer) && keepsMethod) return target
  throw new UnexpectedAnswer(
    status,
    `${url.href} redirects to ${printable(target.origin + target.pathname)}, which is not followed: if you trust it, use that URL`,
  )
}

/** Parses JSON. `undefined` for other text, and for JSON nested too deeply to be written again. */
function parsed(text: string, parse: Carrier['parse']): unknown {
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

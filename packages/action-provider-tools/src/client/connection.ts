import { type Carrier, type Exchange, exchange, PATIENCE } from './exchange.ts'
import { type Answer, failure } from './failure.ts'
import { below, providerUrl } from './provider-url.ts'
import { type OnRetry, type Repeats, type RetryOptions, repeated } from './repeat.ts'
import { type TokenOptions, tokensOf } from './token.ts'

/** How to reach a provider, and as which caller. */
export type ConnectOptions = TokenOptions & {
  retry?: RetryOptions
  onRetry?: OnRetry
  /** Sends the requests, for example through a proxy or with tracing (default: the runtime's `fetch`). */
  fetch?: typeof fetch
  /**
   * Reads the JSON of answers (default: `JSON.parse`), such as one that keeps numbers that no double holds.
   */
  parse?: (text: string) => unknown
  /** Also send the token to other machines without TLS, as on a private network (default false). */
  insecure?: boolean
  /** How long an answer may take, in milliseconds, in addition to `wait` (default 30,000). */
  timeout?: number
}

/** A request to a provider. */
export type Question = {
  method?: Exchange['method']
  /** The path below the provider's URL; undefined for that URL itself. */
  path?: string
  query?: Record<string, string | undefined> | URLSearchParams
  body?: unknown
  repeats?: Repeats
  signal?: AbortSignal | undefined
  retry?: RetryOptions | undefined
  /** Seconds that the provider may hold its answer for the end of the action (RFC 7240); 0 asks it not to. */
  wait?: number | undefined
  /** Sends no token. */
  anonymous?: boolean
  /** Accept a stream of events, which is read as it comes. */
  events?: boolean
  headers?: Record<string, string>
}

/** An answer. `doubtful` is true if the request may have arrived more than once. */
export type Reply = Answer & { doubtful: boolean }

/** A provider, with the caller who uses it. */
export type Connection = {
  url: URL
  hasToken: boolean
  /** Whether the provider has updates; `undefined` until the client knows. */
  hasUpdates: boolean | undefined
  /** How long to wait before a broken stream is resumed. */
  backoff: (retry: RetryOptions | undefined) => { first: number; most: number }
  /**
   * Sends a request, and repeats it where that is safe and may help. Returns the answer whatever its status.
   */
  ask(question: Question): Promise<Reply>
}

/** @throws InvalidArgument for a URL that cannot be a provider's */
export function connection(givenUrl: string | URL, options: ConnectOptions): Connection {
  const url = providerUrl(givenUrl)
  const tokens = tokensOf(options)
  const { timeout = PATIENCE, fetch, parse, insecure } = options
  const carrier: Carrier = { fetch, parse, insecure }
  const send = (question: Question): Promise<Answer> => {
    const token = question.anonymous ? undefined : tokens
    return exchange({ ...requestOf(question, url, timeout), token }, carrier)
  }

  return {
    url,
    hasToken: tokens !== undefined,
    hasUpdates: undefined,
    backoff(retry) {
      const { backoff: first = 1_000, maximumBackoff: most = 15_000 } = { ...options.retry, ...retry }
      return { first, most }
    },
    ask: (question) =>
      repeated(() => send(question), question.repeats ?? 'always', {
        signal: question.signal,
        retry: { ...options.retry, ...question.retry },
        onRetry: options.onRetry,
      }),
  }
}

/** @throws the error for an answer with another status than the expected ones */
export async function answered(connection: Connection, question: Question): Promise<Reply> {
  const answer = await connection.ask(question)
  if (answer.status < 200 || answer.status > 299) throw failure(answer)
  return answer
}

function requestOf(
  { method = 'GET', path, query = {}, body, signal, wait, events = false, headers }: Question,
  base: URL,
  timeout: number,
): Exchange {
  const given = query instanceof URLSearchParams ? [...query] : Object.entries(query)
  const search = new URLSearchParams(
    given.filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  return {
    method,
    url: path === undefined ? base : below(base, path, search),
    events,
    headers: {
      ...headers,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(wait !== undefined && { prefer: wait > 0 ? `wait=${wait}` : 'respond-async' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    timeout: timeout + (wait ?? 0) * 1000,
  }
}

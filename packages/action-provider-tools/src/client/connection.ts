import { type Carrier, type Exchange, exchange } from './exchange.ts'
import { type Answer, failure } from './failure.ts'
import { below, providerUrl } from './provider-url.ts'
import { type OnRetry, type Repeats, type RetryOptions, repeated } from './repeat.ts'
import { type GetToken, type TokenOptions, tokensOf } from './token.ts'

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
  /** Take a stream of events as the answer, to be read as it comes. */
  events?: boolean
  headers?: Record<string, string>
}

/** An answer. `doubtful` is true if the request may have arrived more than once. */
export type Reply = Answer & { doubtful: boolean }

/** A provider, with the caller who uses it. */
export type Connection = {
  url: URL
  hasToken: boolean
  /** Whether it tells of actions as they change; `undefined` until that was found out. */
  hasUpdates: boolean | undefined
  /** How long to wait before what broke off is gone on with. */
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
  const { timeout = 30_000, insecure = false } = options
  // A browser's fetch throws unless `this` is the window.
  const carrier: Carrier = {
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    parse: options.parse ?? JSON.parse,
    insecure,
  }

  async function send(question: Question): Promise<Answer> {
    const request = requestOf(question, url, timeout)
    if (tokens === undefined || question.anonymous) return exchange(request, carrier)
    const token = await tokens({})
    const answer = await exchange({ ...request, token }, carrier)
    if (answer.status !== 401 || token === undefined) return answer
    const other = await another(tokens, token)
    return other === undefined ? answer : exchange({ ...request, token: other }, carrier)
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

async function another(tokens: GetToken, refused: string): Promise<string | undefined> {
  const other = await tokens({ refused })
  return other === refused ? undefined : other
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

import { type Carrier, type Exchange, exchange } from './exchange.ts'
import { type Answer, failure } from './failure.ts'
import { below, providerUrl } from './provider-url.ts'
import { type OnRetry, type Repeats, type RetryOptions, repeated } from './repeat.ts'
import { type GetToken, type TokenOptions, tokensOf } from './token.ts'

/** How a provider is reached, and by whom. */
export type ConnectOptions = TokenOptions & {
  retry?: RetryOptions
  onRetry?: OnRetry
  /** Sends the requests (default: the runtime's `fetch`), for tracing or a proxy. */
  fetch?: typeof fetch
  /** Reads the JSON of answers (default: `JSON.parse`), such as one that keeps numbers that no double holds. */
  parse?: (text: string) => unknown
  /** Send the token without TLS to other machines too, as on a network of your own (default false). */
  insecure?: boolean
  /** Milliseconds in which an answer must have come, on top of what `wait` asks for (default 30,000). */
  timeout?: number
}

/** What is asked of a provider. */
export type Question = {
  method?: Exchange['method']
  /** Below the provider's URL; none for that URL itself. */
  path?: string
  query?: Record<string, string | undefined> | URLSearchParams
  body?: unknown
  repeats?: Repeats
  signal?: AbortSignal | undefined
  retry?: RetryOptions | undefined
  /** Seconds that the provider may let the answer wait for the action's end (RFC 7240); 0 asks it not to. */
  wait?: number | undefined
  /** Send no token. */
  anonymous?: boolean
  /** Take a stream of events as the answer, to be read as it comes. */
  events?: boolean
  headers?: Record<string, string>
}

/** An answer; `doubtful` where the request may have arrived more than once. */
export type Reply = Answer & { doubtful: boolean }

/** One provider, asked as one caller. */
export type Connection = {
  url: URL
  hasToken: boolean
  /** Whether it tells of actions as they change; `undefined` until that was found out. */
  hasUpdates: boolean | undefined
  /** How long to wait before what broke off is gone on with. */
  backoff: (retry: RetryOptions | undefined) => { first: number; most: number }
  /** Asks, again where that is safe and may help. Gives every answer. */
  ask(question: Question): Promise<Reply>
}

/** @throws InvalidArgument for what is no URL of a provider */
export function connection(givenUrl: string | URL, options: ConnectOptions): Connection {
  const url = providerUrl(givenUrl)
  const tokens = tokensOf(options)
  const { timeout = 30_000, insecure = false } = options
  // A browser's fetch works as the window's own alone.
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

/** @throws the error that an answer stands for, where it is not the one hoped for */
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

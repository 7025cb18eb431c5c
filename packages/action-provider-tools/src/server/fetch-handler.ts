import { finished, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { FastifyInstance, InjectOptions } from 'fastify'

/** What a host knows about a request besides the request. */
export type RequestOrigin = {
  /**
   * The address that the request came from: limits, the log and `TRUST_PROXY` go by it. All requests without
   * one count as of the same, unknown address, which is no proxy's.
   */
  address?: string | undefined
}

/** Answers a request of the Fetch standard. */
export type FetchHandler = (request: Request, origin?: RequestOrigin) => Promise<Response>

/** Nobody's address (RFC 6890), so that no proxy is trusted by it. */
const UNKNOWN = '0.0.0.0'

/** Headers about the connection, which is the host's (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/**
 * An application as a function of the Fetch standard, for hosts that have no `node:http`: Hono, Next.js,
 * Deno, Bun. Nothing listens. Bodies are streamed both ways, no faster than the other side reads. When
 * `request.signal` aborts, or nobody wants the rest of the answer, the application is told as by a connection
 * that closes.
 *
 * The promise rejects with the signal's reason when it aborts before there is an answer, and with the error of
 * the request's body.
 *
 * @param app an application with its providers, which gets ready with the first request
 * @example
 * const app = createApplication()
 * await app.register(actionProvider, { prefix: '/echo', provider: echo, auth, store, works: false })
 * const handle = fetchHandler(app)
 * Deno.serve((request, info) => handle(request, { address: info.remoteAddr.hostname }))
 */
export function fetchHandler(app: FastifyInstance): FetchHandler {
  return async (request, { address = UNKNOWN } = {}) => {
    request.signal.throwIfAborted()
    const unwanted = new AbortController()
    const signal = AbortSignal.any([request.signal, unwanted.signal])
    const body = request.body ? Readable.fromWeb(request.body as NodeReadableStream) : undefined
    const { pathname, search, host } = new URL(request.url)
    const injected = app.inject({
      method: request.method as NonNullable<InjectOptions['method']>,
      url: pathname + search,
      headers: headersOf(request, host),
      remoteAddress: address,
      payloadAsStream: true,
      signal,
      ...(body && { payload: body }),
    })
    const answer = await injected.catch((error: unknown) => {
      throw request.signal.aborted ? request.signal.reason : error
    })
    const stream = answer.stream()
    // Whoever was refused before all of the body was read need not send the rest.
    finished(stream, () => body?.destroy())
    // A request that was cut off has an answer too, for nobody.
    request.signal.throwIfAborted()
    return new Response(hasNoBody(request, answer.statusCode) ? drained(stream) : bodyOf(stream, unwanted), {
      status: answer.statusCode,
      headers: answerHeaders(answer.headers),
    })
  }
}

/** The headers of a request as they would come over a connection. */
function headersOf({ headers, body }: Request, host: string): Record<string, string> {
  const given = Object.fromEntries(headers)
  const framed = body === null || 'content-length' in given
  // It says that there is a body at all.
  return { host, ...given, ...(!framed && { 'transfer-encoding': 'chunked' }) }
}

function answerHeaders(headers: Record<string, string | string[] | number | undefined>): Headers {
  const answer = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name)) continue
    for (const each of [value].flat()) answer.append(name, String(each))
  }
  return answer
}

function hasNoBody({ method }: Request, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 205 || status === 304
}

function drained(stream: Readable): null {
  stream.resume()
  return null
}

/** The body of an answer. Who cancels it hangs up. */
function bodyOf(stream: Readable, unwanted: AbortController): ReadableStream<Uint8Array> {
  finished(stream, { writable: false }, (error) => {
    if (error) unwanted.abort(error)
  })
  return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>
}

import { finished, Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { FastifyInstance, InjectOptions } from 'fastify'

/** What a host knows about a request beside the request itself. */
export type RequestOrigin = {
  /**
   * The address of the caller, for limits, the log and `TRUST_PROXY`. All requests without one share one
   * unknown address, which is not a proxy.
   */
  address?: string | undefined
}

/** Answers a request of the Fetch standard. */
export type FetchHandler = (request: Request, origin?: RequestOrigin) => Promise<Response>

/** An address of nobody (RFC 6890), which is never a trusted proxy. */
const UNKNOWN = '0.0.0.0'

/** Headers about the connection, which is the host's (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/**
 * An application as a function of the Fetch standard, for hosts that have no `node:http`: Hono, Next.js,
 * Deno, Bun. Nothing listens. Bodies are streamed both ways, no faster than the other side reads. When
 * `request.signal` aborts, or the host cancels the answer, that is like a closed connection for the
 * application.
 *
 * The promise rejects with the signal's reason when it aborts before there is an answer, and with the error
 * of the request's body.
 *
 * @param app an application with its providers; the first request makes it ready
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
    // After an early refusal the rest of the body is not needed.
    finished(stream, () => body?.destroy())
    // A request that was aborted has an answer too, which nobody needs.
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
  // It announces a body.
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

/** The body of an answer. To cancel it is to hang up. */
function bodyOf(stream: Readable, unwanted: AbortController): ReadableStream<Uint8Array> {
  finished(stream, { writable: false }, (error) => {
    if (error) unwanted.abort(error)
  })
  return Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>
}

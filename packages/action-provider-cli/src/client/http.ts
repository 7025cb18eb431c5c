import { STATUS_CODES } from 'node:http'
import { type Answer, type Exchange, NetworkFailure, exchange as send } from 'action-provider-tools/client'
import { mask, maskBody } from '../output/masking.ts'
import { printable } from '../output/printable.ts'
import { commandError } from './refusals.ts'

/** Receives the lines of `--verbose`. */
export type Trace = (line: string) => void

/**
 * Sends a request to a service of Globus, as the client sends its own to a provider. @throws NetworkFailure; CommandError for
 * what must not be sent, or followed
 */
export async function exchange(request: Exchange, trace: Trace): Promise<Answer> {
  try {
    return await send(request, { fetch: tracingFetch(trace) })
  } catch (error) {
    throw commandError(error, request.url)
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

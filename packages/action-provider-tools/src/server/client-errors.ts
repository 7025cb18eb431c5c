import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { BadActionRequest } from '../errors.ts'
import { requestIdOf, SECURITY_HEADERS } from './answer-headers.ts'

/** The answers to requests that Node could not parse. */
const ANSWERS: Readonly<Record<string, readonly [status: string, description: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of the request are too large'],
}
const NOT_HTTP = ['400 Bad Request', 'The request is not well-formed HTTP'] as const

/** Answers a malformed request with an error document, and closes its connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, description] = ANSWERS[error.code ?? ''] ?? NOT_HTTP
  const { headers, body } = refusal(description)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`)
  socket.destroySoon()
}

/**
 * Answers a request that expects anything but `100-continue`, for Node's `checkExpectation` (RFC 9110,
 * section 10.1.1).
 */
export function answerExpectation(request: IncomingMessage, response: ServerResponse): void {
  const { headers, body } = refusal('The Expect header may say 100-continue and nothing else', request)
  response.writeHead(417, headers).end(body)
}

function refusal(
  description: string,
  request: Pick<IncomingMessage, 'headers'> = { headers: {} },
): { headers: Record<string, string>; body: string } {
  const body = JSON.stringify(new BadActionRequest(description).toDocument())
  const headers = {
    ...SECURITY_HEADERS,
    'x-request-id': requestIdOf(request),
    'content-type': 'application/json; charset=utf-8',
    'content-length': `${Buffer.byteLength(body)}`,
    connection: 'close',
  }
  return { headers, body }
}

/**
 * Refuses a request whose host or sender is ambiguous: of two headers, a proxy in front may use the other
 * (RFC 9112, section 3.2).
 * @throws BadActionRequest for two `Host` or `Authorization` headers, and for none of `Host` in HTTP/1.1
 */
export function assertUnambiguous({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hosts = 0
  let authorizations = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name.length === 13 && name.toLowerCase() === 'authorization') authorizations++
  }
  if (hosts > 1) throw new BadActionRequest('The request has more than one Host header: send one')
  if (hosts === 0 && httpVersion === '1.1') throw new BadActionRequest('The request has no Host header')
  if (authorizations > 1) {
    throw new BadActionRequest('The request has more than one Authorization header: send one')
  }
}

import type { Socket } from 'node:net'

/** What Node tells of a request that it could not read: how that is answered, and in which words. */
const ANSWERS: Readonly<Record<string, readonly [status: string, description: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of the request are too large'],
}
const NOT_HTTP = ['400 Bad Request', 'The request is not well-formed HTTP'] as const

/** Answers what is no request, in JSON as everything, and closes its connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, description] = ANSWERS[error.code ?? ''] ?? NOT_HTTP
  const body = JSON.stringify({ code: 'BadActionRequest', description })
  socket.write(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
  socket.destroySoon()
}

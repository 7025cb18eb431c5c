import { randomBytes } from 'node:crypto'
import { type Call, ID } from './order.ts'

/**
 * Gives requests as bytes, one after the other, over and over. What can be written once is; a new id costs a copy, so
 * that making requests does not take the time that the server is to be measured by.
 */
export function requestsOf(calls: readonly Call[], server: string): () => Buffer {
  const { host } = new URL(server)
  const templates = calls.map((call) => {
    const bytes = Buffer.from(textOf(call, host))
    return { bytes, at: bytes.indexOf(ID) }
  })
  const run = randomBytes(6).toString('hex')
  let next = 0
  return () => {
    const { bytes, at } = templates[next++ % templates.length] ?? { bytes: Buffer.alloc(0), at: -1 }
    if (at === -1) return bytes
    const copy = Buffer.from(bytes)
    copy.write(`${run}-${next}`.padEnd(ID.length, '-'), at, 'latin1')
    return copy
  }
}

function textOf({ method, path, token, prefer, body }: Call, host: string): string {
  const headers = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: keep-alive',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(prefer === undefined ? [] : [`Prefer: ${prefer}`]),
    ...(body === undefined ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
  ]
  return `${headers.join('\r\n')}\r\n\r\n${body ?? ''}`
}

import { type Agent, request as httpRequest } from 'node:http'
import type { HttpRequest } from './arbitrary-request.ts'

/** The documented codes: whatever is sent, one of these comes back. 500 and 503 are not among them. */
export const DOCUMENTED_CODES: ReadonlySet<number> = new Set([
  200, 202, 204, 400, 401, 403, 404, 405, 409, 413, 422,
])

/** Sends a request as it is, however odd, which `fetch` would not. Rejects where there is no answer within a minute. */
export function sendRequest(
  origin: string,
  agent: Agent,
  { method, path, headers, body }: HttpRequest,
): Promise<{ status: number; text: string }> {
  const content = method === 'GET' || method === 'HEAD' || body === undefined ? '' : body
  // Without it Node would send the body of a DELETE as if it were the next request.
  const length = content === '' ? {} : { 'content-length': String(Buffer.byteLength(content)) }
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, agent, timeout: 60_000 }
    const sent = httpRequest(`${origin}${path}`, options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(new Error('No answer within a minute')))
    sent.on('error', reject)
    sent.end(content)
  })
}

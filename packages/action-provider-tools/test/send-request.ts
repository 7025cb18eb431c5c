import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { HttpRequest } from './arbitrary-request.ts'
import { checkAt } from './openapi/checked-answers.ts'

/** The documented codes: whatever is sent, one of these comes back. 500 and 503 are not among them. */
export const DOCUMENTED_CODES: ReadonlySet<number> = new Set([
  200, 202, 204, 400, 401, 403, 404, 405, 409, 413, 422,
])

type Answer = { status: number; headers: Headers; text: string }

/**
 * Sends a request as it is, however odd, which `fetch` would not. Rejects where there is no answer within a minute, or it is not
 * as the provider's OpenAPI document says.
 */
export async function sendRequest(origin: string, agent: Agent, request: HttpRequest): Promise<Answer> {
  const url = new URL(`${origin}${request.path}`)
  const answer = await send(url, agent, request)
  const check = await checkAt(url)
  check?.({ method: request.method, path: `${url.pathname}${url.search}`, ...answer })
  return answer
}

function send(url: URL, agent: Agent, { method, headers, body }: HttpRequest): Promise<Answer> {
  const content = method === 'GET' || method === 'HEAD' || body === undefined ? '' : body
  // Without it Node would send the body of a DELETE as if it were the next request.
  const length = content === '' ? {} : { 'content-length': String(Buffer.byteLength(content)) }
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, agent, timeout: 60_000 }
    const sent = httpRequest(url, options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: headersOf(response), text }),
      )
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(new Error('No answer within a minute')))
    sent.on('error', reject)
    sent.end(content)
  })
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  return new Headers(
    Object.entries(headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
  )
}

import { NetworkFailure, readText } from 'action-provider-tools/client'
import { mask } from '../output/masking.ts'

/** A request as it is sent. Nothing is added that the interface does not require. */
export type WireRequest = {
  method: string
  url: URL
  headers: Record<string, string>
  body?: string | Uint8Array | undefined
  /** Who sends it, in words for the report. Reports never show tokens. */
  sender: string
}

/** An answer as it was received. `json` is `undefined` if the body is not JSON. */
export type Answer = {
  request: WireRequest
  status: number
  headers: Headers
  text: string
  json: unknown
  /** When it was received, in milliseconds since 1970. */
  at: number
  /** How long it took, in milliseconds. */
  milliseconds: number
}

const LARGEST_ANSWER = 32 * 1024 * 1024
const SHOWN = 300

/**
 * Sends one request and reads the whole answer. Redirects are not followed: the token must go nowhere else,
 * and the report must show the redirect.
 *
 * @throws NetworkFailure if no answer comes, or one without end
 */
export async function exchange(request: WireRequest, signal: AbortSignal): Promise<Answer> {
  const { method, url, headers, body } = request
  const started = performance.now()
  try {
    const response = await fetch(url, {
      method,
      headers: { accept: 'application/json', 'user-agent': 'action-provider-cli check', ...headers },
      redirect: 'manual',
      signal,
      // As bytes, because fetch adds a content type to text.
      ...(body !== undefined && { body: Buffer.from(body) }),
    })
    const text = await readText(response, LARGEST_ANSWER)
    const milliseconds = performance.now() - started
    return {
      request,
      status: response.status,
      headers: response.headers,
      text,
      json: parsed(text),
      at: Date.now(),
      milliseconds,
    }
  } catch (error) {
    throw new NetworkFailure(url.origin, error)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A request in words, without its token. */
export function sentWords({ method, url, headers, body, sender }: WireRequest): string {
  const type = headers['content-type']
  const content =
    body === undefined
      ? ''
      : `, ${type ?? 'no content type'}: ${typeof body === 'string' ? shortened(body) : `${body.length} bytes`}`
  return mask(`${method} ${url.pathname}${url.search} ${sender}${content}`)
}

/** An answer in words: its status, the relevant headers, and the beginning of its body. */
export function cameWords({ status, headers, text }: Answer): string {
  const told = ['content-type', 'location', 'www-authenticate', 'allow', 'link'].flatMap((name) => {
    const value = headers.get(name)
    return value === null || (name === 'content-type' && value.startsWith('application/json'))
      ? []
      : [`${name}: ${value}`]
  })
  // Masked before it is cut, because half a token would not be found.
  return [String(status), ...told, text === '' ? 'no body' : shortened(mask(text))].map(mask).join('; ')
}

/** On one line, with spaces between the members of JSON where a table can wrap it. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  const plain = /^ ?[{[]/.test(line) ? line.replace(/,(?=["{[])/g, ', ') : line
  return plain.length > SHOWN ? `${plain.slice(0, SHOWN)}… (${text.length} characters)` : plain
}

import { BadActionRequest, RequestValidationError } from '../errors.ts'
import { fieldError } from './check.ts'

/**
 * How deeply arrays and objects of a request may be nested. Within this depth, recursion over a document is
 * safe.
 */
export const MAXIMUM_DEPTH = 256

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a request's body as JSON, whatever its Content-Type says (interface, "Operations").
 *
 * Nesting is measured on the text, before anything is built from it. Too deep nesting is a 422, because the
 * body is JSON beyond this provider's limits (RFC 8259, section 9, allows such limits). The same goes for a
 * number that a double cannot hold, such as `1e400`: JSON.parse turns it into Infinity, and JSON.stringify
 * that into null. Lone surrogates in escapes (`"\ud800"`) are kept, as RFC 8259 allows; JSON.stringify writes
 * them back as escapes.
 *
 * @param exact a field of the root. JSON.parse rounds whole numbers beyond 2^53: such a number is returned as
 *   text with all its digits
 * @throws BadActionRequest when it is empty, not UTF-8, or not JSON; the text says where, and repeats nothing
 *   of it
 * @throws RequestValidationError when it is nested more deeply than MAXIMUM_DEPTH, or has a number that is
 *   too large
 */
export function parseJson(
  body: Uint8Array | string | undefined,
  { exact }: { exact?: string } = {},
): unknown {
  const text = body instanceof Uint8Array ? decode(body) : (body ?? '')
  if (text.trim() === '') throw new BadActionRequest('The body is empty: send a JSON object')
  if (isTooDeep(text)) {
    throw new RequestValidationError(
      fieldError('$', 'maxDepth', `must not be nested more than ${MAXIMUM_DEPTH} levels deep`),
    )
  }
  const json = parse(text)
  if (hasInfinity(json)) {
    throw new RequestValidationError(
      fieldError('$', 'finite', 'must have no number beyond ±1.8e308: send such a number as text'),
    )
  }
  return exact === undefined ? json : withDigits(json, exact, text)
}

/**
 * JSON with the fields of every object sorted: two values have the same text if and only if JSON Schema calls
 * them equal. Recursion is safe: requests are nested at most MAXIMUM_DEPTH deep.
 * @example canonicalJson({ b: 1, a: [2] }) // '{"a":[2],"b":1}'
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  let fields = ''
  for (const name of Object.keys(value).sort()) {
    const field = (value as Record<string, unknown>)[name]
    if (field === undefined) continue
    fields += `${fields && ','}${JSON.stringify(name)}:${canonicalJson(field)}`
  }
  return `{${fields}}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadActionRequest(`The body is not JSON${place(error)}: send a JSON object`)
  }
}

function hasInfinity(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === Infinity || value === -Infinity
  return (Array.isArray(value) ? value : Object.values(value)).some(hasInfinity)
}

function withDigits(json: unknown, field: string, text: string): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  const number: unknown = (json as Record<string, unknown>)[field]
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return json
  const digits = /^-?\d+$/.exec(numberText(text, field) ?? '')?.[0]
  return digits === undefined ? json : { ...json, [field]: digits }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new BadActionRequest('The body is not UTF-8: encode the JSON as UTF-8')
  }
}

/** Where V8 stopped reading. The rest of its message is left out, because it quotes the body. */
function place(error: unknown): string {
  const position = /at position \d+( \(line \d+ column \d+\))?/.exec(String(error))
  return position === null ? '' : `, ${position[0]}`
}

function isTooDeep(text: string): boolean {
  if (text.length <= 2 * MAXIMUM_DEPTH) return false
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index)
    if (inString) {
      if (character === BACKSLASH) index++
      else if (character === QUOTE) inString = false
    } else if (character === QUOTE) inString = true
    else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      if (++depth > MAXIMUM_DEPTH) return true
    } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) depth--
  }
  return false
}

const NUMBER = /-?\d[\d.eE+-]*/y

/**
 * The text of a number that is a field of a JSON document's root; of the last one if the field is repeated,
 * as in JSON.parse. A reviver of JSON.parse also gets this text, but makes parsing fifty times slower.
 *
 * @param text a valid JSON document
 * @example numberText('{"id":9007199254740993}', 'id') // '9007199254740993', which JSON.parse makes 9007199254740992
 */
function numberText(text: string, field: string): string | undefined {
  let found: string | undefined
  let depth = 0
  let name = '""'
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '"') {
      const start = index
      index = endOfString(text, start)
      if (depth === 1) name = text.slice(start, index + 1)
    } else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (depth === 1 && /[-\d]/.test(character)) {
      NUMBER.lastIndex = index
      const [number] = NUMBER.exec(text) ?? ['']
      if (JSON.parse(name) === field) found = number
      index += number.length - 1
    }
  }
  return found
}

function endOfString(text: string, start: number): number {
  let end = start + 1
  for (; text.charCodeAt(end) !== QUOTE; end++) if (text.charCodeAt(end) === BACKSLASH) end++
  return end
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

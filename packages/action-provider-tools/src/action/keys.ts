import { hash, randomFillSync, randomInt } from 'node:crypto'
import type { ActionRequest } from '../documents/action-request.ts'
import { canonicalJson } from '../documents/json.ts'

/** The value of each lower-case hexadecimal digit by its character code; -1 for other characters. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code)),
)

const DASH = 0x2d

/**
 * The 16 bytes of a UUID in its usual text form, lower case; `undefined` for any other text.
 * @example uuidBytes('01890a5d-ac96-774b-bcce-b302099a8057') // <Buffer 01 89 0a 5d …>
 */
export function uuidBytes(text: string): Buffer | undefined {
  if (text.length !== 36) return undefined
  const bytes = Buffer.allocUnsafe(16)
  for (let at = 0, written = 0; at < 36; at += 2) {
    if (at === 8 || at === 13 || at === 18 || at === 23) {
      if (text.charCodeAt(at) !== DASH) return undefined
      at++
    }
    const high = DIGITS[text.charCodeAt(at)] ?? -1
    const low = DIGITS[text.charCodeAt(at + 1)] ?? -1
    if (high < 0 || low < 0) return undefined
    bytes[written++] = (high << 4) | low
  }
  return bytes
}

/** The usual text form of 16 bytes; the inverse of `uuidBytes`. */
export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The time of the newest id, in milliseconds since 1970 (RFC 9562, section 5.7). */
let newestTime = 0
/**
 * Orders the ids of one millisecond. It fills rand_a and the first 20 bits of rand_b (RFC 9562, section 6.2,
 * method 1).
 */
let counter = 0
/** Random bytes for 256 ids, read with one system call. */
const random = Buffer.alloc(4096)
let used = random.length

/**
 * Makes an action id: a UUIDv7 (RFC 9562) greater than all ids that this process has made, even if the clock
 * was set back.
 * @param now milliseconds since 1970
 * @example newActionId() // '0198f3b0-6c1e-7a52-8f0d-…'
 */
export function newActionId(now: number = Date.now()): string {
  if (now > newestTime) {
    newestTime = now
    counter = randomInt(2 ** 31)
  } else if (++counter === 2 ** 32) {
    newestTime++
    counter = 0
  }
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  const bytes = random.subarray(used, used + 16)
  used += 16
  bytes.writeUIntBE(newestTime, 0, 6)
  bytes.writeUInt16BE(0x7000 | (counter >>> 20), 6)
  bytes.writeUInt16BE(0x8000 | ((counter >>> 6) & 0x3fff), 8)
  bytes.writeUInt8(((counter & 0x3f) << 2) | (bytes.readUInt8(10) & 0x03), 10)
  return uuidText(bytes)
}

/**
 * Makes the key of a request: the hash of (provider, effective identity, request_id), in 16 bytes (interface,
 * "Exactly once").
 * @example requestKey('skeleton', auth.effectiveIdentity, request.request_id)
 */
export function requestKey(provider: string, effectiveIdentity: string, requestId: string): Buffer {
  return sha256(JSON.stringify([provider, effectiveIdentity, requestId])).subarray(0, 16)
}

/**
 * Hashes the content of a validated request to 32 bytes. The order of fields does not matter, nor do order
 * and repetition in lists that are sets (interface, "Exactly once").
 */
export function contentHash(request: ActionRequest): Buffer {
  const { monitor_by, manage_by, allowed_clients, ...rest } = request
  const content = {
    ...rest,
    monitor_by: asSet(monitor_by),
    manage_by: asSet(manage_by),
    allowed_clients: asSet(allowed_clients),
  }
  return sha256(canonicalJson(content))
}

/**
 * Hashes to a binary string and converts that, because its bytes come from Node's pool: this takes half the
 * time of allocating memory for each hash.
 */
function sha256(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'binary'), 'latin1')
}

function asSet(list: readonly string[] = []): string[] {
  return list.length < 2 ? [...list] : [...new Set(list)].sort()
}

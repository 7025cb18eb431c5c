import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import { InvalidDefinition } from '../errors.ts'

/** Encrypts sealed state, so that a copy of the database reveals no token. */
export type Encryption = {
  /** Encrypts JSON for one action: no other action can decrypt it. */
  seal: (provider: string, actionId: string, content: unknown) => Uint8Array
  /**
   * @throws UnknownKey
   * @throws Error if the bytes were not sealed for this action
   */
  open: (provider: string, actionId: string, sealed: Uint8Array) => unknown
  /** Signs the content of a URL, in base64url. */
  sign: (content: string) => string
  /** Whether the signature belongs to this content, by any of the keys. */
  isSigned: (content: string, signature: string) => boolean
}

/**
 * State was sealed with a key that this instance does not have. During a rotation of keys another instance
 * may have it, so the state is not lost.
 */
export class UnknownKey extends Error {
  override readonly name = 'UnknownKey'

  /** @param id the start of the key's hash, which does not reveal the key */
  constructor(id: string) {
    super(
      `Sealed with the key ${id}, which is not known here: give all instances the older and the newer key in SECRETS_KEY, with a comma between them, or the older client secret in FORMER_CLIENT_SECRETS`,
    )
  }
}

const KEY_ID = 4
const IV = 12
const TAG = 16

/**
 * Encryption with AES-256-GCM; provider and action id are its additional data. The first key seals, every key
 * opens, so that keys can be rotated.
 * @param keys 32 bytes each
 * @throws InvalidDefinition if there is no key
 */
export function encryptionWithKeys(keys: readonly Uint8Array[]): Encryption {
  // Importing a key takes most of the time of an encryption, so it is done once.
  const keyring = keys.map((key): Key => ({ id: keyId(key), object: createSecretKey(key) }))
  // Signatures have keys of their own, derived from those of the encryption.
  const signing = keys.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'signed URLs', 32)))
  const signatureOf = (content: string, key: Uint8Array): Buffer =>
    createHmac('sha256', key).update(content).digest()
  const byId = new Map(keyring.map((key) => [key.id.toString('hex'), key]))
  const [current] = keyring
  if (current === undefined)
    throw new InvalidDefinition('At least one key is needed to keep tokens encrypted')
  const nextIv = randomIvs()
  return {
    seal(provider, actionId, content) {
      const iv = nextIv()
      const cipher = createCipheriv('aes-256-gcm', current.object, iv).setAAD(boundTo(provider, actionId))
      const text = cipher.update(JSON.stringify(content), 'utf8')
      return Buffer.concat([current.id, iv, text, cipher.final(), cipher.getAuthTag()])
    },
    open(provider, actionId, sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const id = bytes.subarray(0, KEY_ID).toString('hex')
      const key = byId.get(id)
      if (key === undefined) throw new UnknownKey(id)
      const decipher = createDecipheriv('aes-256-gcm', key.object, bytes.subarray(KEY_ID, KEY_ID + IV))
        .setAAD(boundTo(provider, actionId))
        .setAuthTag(bytes.subarray(-TAG))
      const text = Buffer.concat([decipher.update(bytes.subarray(KEY_ID + IV, -TAG)), decipher.final()])
      return JSON.parse(text.toString('utf8'))
    },
    sign: (content) => signatureOf(content, signing[0] as Uint8Array).toString('base64url'),
    isSigned(content, signature) {
      const givenBytes = Buffer.from(signature, 'base64url')
      return signing.some((key) => {
        const expected = signatureOf(content, key)
        return givenBytes.length === expected.length && timingSafeEqual(givenBytes, expected)
      })
    },
  }
}

type Key = { id: Buffer; object: KeyObject }

/**
 * Random initialization vectors, each used once. Random bytes are read in bulk, since each call to the system
 * is slow.
 */
function randomIvs(): () => Buffer {
  const pool = Buffer.alloc(IV * 256)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const iv = Buffer.from(pool.subarray(used, used + IV))
    used += IV
    return iv
  }
}

/**
 * Reads SECRETS_KEY: keys of 32 bytes in base64, separated by commas. The first one seals; the others can
 * still open.
 * @throws InvalidDefinition
 */
export function parseSecretsKey(text: string): Uint8Array[] {
  return text.split(',').map((part, index) => {
    const key = Buffer.from(part.trim(), 'base64')
    if (key.length !== 32) {
      throw new InvalidDefinition(
        `SECRETS_KEY: key ${index + 1} has ${key.length} bytes instead of 32; make one with: openssl rand -base64 32`,
      )
    }
    return key
  })
}

function keyId(key: Uint8Array): Buffer {
  return createHash('sha256').update(key).digest().subarray(0, KEY_ID)
}

function boundTo(provider: string, actionId: string): Buffer {
  return Buffer.from(JSON.stringify([provider, actionId]))
}

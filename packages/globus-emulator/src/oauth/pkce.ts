import { createHash } from 'node:crypto'
import { sameSecret } from '../state/secrets.ts'

/** Whether this is the verifier that the challenge was made from: S256 of RFC 7636, the only method there is. */
export function verifies(verifier: string | undefined, challenge: string | null): boolean {
  if (challenge === null) return verifier === undefined
  if (verifier === undefined || !/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  return sameSecret(createHash('sha256').update(verifier).digest('base64url'), challenge)
}

export function isChallenge(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

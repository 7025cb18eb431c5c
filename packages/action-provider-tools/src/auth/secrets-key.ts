import { hkdfSync } from 'node:crypto'

/**
 * The key that seals what a provider keeps, where no other is configured: 32 bytes from its client secret (HKDF-SHA-256,
 * RFC 5869). A new client secret makes what was sealed before unreadable; SECRETS_KEY does not depend on it.
 */
export function deriveSecretsKey(clientSecret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', clientSecret, '', 'action-provider-tools: secrets of actions', 32))
}

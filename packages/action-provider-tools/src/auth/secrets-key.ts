import { hkdfSync } from 'node:crypto'

/**
 * The key that seals what a provider keeps, where no other is configured: 32 bytes from its client secret (HKDF-SHA-256,
 * RFC 5869). After a new client secret, what was sealed before is read where FORMER_CLIENT_SECRETS names the old one;
 * SECRETS_KEY does not depend on it.
 */
export function deriveSecretsKey(clientSecret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', clientSecret, '', 'action-provider-tools: secrets of actions', 32))
}

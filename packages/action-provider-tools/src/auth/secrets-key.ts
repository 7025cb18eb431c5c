import { hkdfSync } from 'node:crypto'

/**
 * The key of sealed state if no other is configured: 32 bytes derived from the client secret (HKDF-SHA-256,
 * RFC 5869). When the client secret changes, FORMER_CLIENT_SECRETS names the old one, so that older state can
 * still be opened.
 */
export function deriveSecretsKey(clientSecret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', clientSecret, '', 'action-provider-tools: secrets of actions', 32))
}

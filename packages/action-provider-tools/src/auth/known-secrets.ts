import { LRUCache } from 'lru-cache'

/** A secret is found in a text by so many of its last characters. What is shorter is not taken for a secret. */
const TAIL = 12

/** The secrets that this process came upon last, by their ends, in which tokens differ more than in their beginnings. */
const known = new LRUCache<string, string>({ max: 20_000 })

/** Remembers a token or client secret, so that no text that is logged shows it. */
export function rememberSecret(secret: string | undefined): void {
  if (secret !== undefined && secret.length >= TAIL) known.set(secret.slice(-TAIL), secret)
}

/** Remembers the secrets of a dependent token. */
export function rememberToken(token: { access_token: string; refresh_token?: string }): void {
  rememberSecret(token.access_token)
  rememberSecret(token.refresh_token)
}

/**
 * A text without the secrets that are known, however many they are: it is gone through once.
 * @example maskSecrets(`refused: ${token}`) // 'refused: [secret]'
 */
export function maskSecrets(text: string): string {
  let masked = ''
  let from = 0
  for (let end = TAIL; end <= text.length; end++) {
    const secret = known.get(text.slice(end - TAIL, end))
    if (secret === undefined || end - secret.length < from || !text.startsWith(secret, end - secret.length))
      continue
    masked += `${text.slice(from, end - secret.length)}[secret]`
    from = end
  }
  return masked + text.slice(from)
}

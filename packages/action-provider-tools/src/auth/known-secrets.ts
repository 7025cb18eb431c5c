import { LRUCache } from 'lru-cache'

/** A secret is found in a text by so many of its last characters. What is shorter is not taken for a secret. */
const TAIL = 12

/** How many secrets are remembered that end in the same way. */
const MOST_ALIKE = 4

/** The secrets that this process came upon last, by their ends, in which tokens differ more than in their beginnings. */
const known = new LRUCache<string, readonly string[]>({ max: 20_000 })

/** Remembers a token or client secret, so that no text that is logged shows it. */
export function rememberSecret(secret: string | undefined): void {
  if (secret === undefined || secret.length < TAIL) return
  const tail = secret.slice(-TAIL)
  const others = known.get(tail)?.filter((other) => other !== secret) ?? []
  known.set(tail, [...others, secret].slice(-MOST_ALIKE))
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
    const alike = known.get(text.slice(end - TAIL, end))
    const secret = alike?.find((each) => {
      const start = end - each.length
      return start >= from && text.startsWith(each, start)
    })
    if (secret === undefined) continue
    masked += `${text.slice(from, end - secret.length)}[secret]`
    from = end
  }
  return masked + text.slice(from)
}

import { LRUCache } from 'lru-cache'

/** How many of its last characters find a secret in a text. A shorter text is not remembered as a secret. */
const TAIL = 12

/** How many secrets with the same ending are remembered. */
const MOST_ALIKE = 4

/**
 * The latest secrets of this process by their endings, in which tokens differ more than in their beginnings.
 */
const known = new LRUCache<string, readonly string[]>({ max: 20_000 })

/** Remembers a token or client secret, so that no logged text shows it. */
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
 * A text with all remembered secrets masked. The time depends on the text alone, not on the number of
 * secrets.
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

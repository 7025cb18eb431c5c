import { isLoopback } from '../loopback.ts'
import { isPublic } from '../state/clients.ts'
import type { Client } from '../state/state.ts'

/** Where native applications may have their codes shown, to be copied by hand. */
export const codePage = '/v2/web/auth-code'

/**
 * Whether a client may have its users sent to this address: one it registered, letter by letter. A native
 * application may also use the page that shows codes, and listen on any port of this machine (RFC 8252 section
 * 7.3): at the paths it registered for loopback, or at any if it registered none.
 *
 * @param base the emulator's own address
 */
export function mayRedirect(client: Client, redirectUri: string, base: string): boolean {
  if (client.redirect_uris.includes(redirectUri)) return true
  const uri = URL.parse(redirectUri)
  if (!uri || !isPublic(client) || !isLoopbackUri(uri)) return false
  if (uri.port === new URL(base).port) return uri.pathname === codePage && uri.search === ''
  const registered = client.redirect_uris.flatMap((text) => URL.parse(text) ?? []).filter(isLoopbackUri)
  return registered.length === 0 || registered.some((other) => sameButPort(other, uri))
}

function isLoopbackUri(uri: URL): boolean {
  return (
    uri.protocol === 'http:' &&
    isLoopback(uri.hostname) &&
    uri.hash === '' &&
    uri.username + uri.password === ''
  )
}

function sameButPort(one: URL, other: URL): boolean {
  return one.hostname === other.hostname && one.pathname === other.pathname && one.search === other.search
}

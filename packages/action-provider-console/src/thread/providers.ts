import { connect, type Provider } from 'action-provider-tools/client'
import type { PageCalls } from './calls.ts'
import { parseExactly } from './exact-json.ts'
import type { Call } from './peer.ts'

/** How the thread reaches providers. */
export type Providers = (url: string) => Provider

/**
 * Makes one client for each provider. Calls to providers of this origin are direct. Others go through this
 * server, because providers answer pages of other origins only at introspect.
 *
 * @param base the URL of the console
 */
export function createProviders(page: Call<PageCalls>, base: URL): Providers {
  const known = new Map<string, Provider>()

  function create(url: string): Provider {
    let troubled = false
    return connect(url, {
      getToken: ({ refused }) => page('token', { provider: url, ...(refused !== undefined && { refused }) }),
      parse: parseExactly,
      fetch: async (input, init) => {
        const asked = new URL(String(input))
        const answer = await fetch(asked.origin === base.origin ? asked : elsewhere(base, asked), init)
        if (troubled && answer.status < 500) {
          troubled = false
          void page('trouble', { provider: url })
        }
        return answer
      },
      onRetry: ({ reason, wait }) => {
        troubled = true
        void page('trouble', { provider: url, reason, wait })
      },
    })
  }

  return (url) => {
    const provider = known.get(url) ?? create(url)
    known.set(url, provider)
    return provider
  }
}

function elsewhere(base: URL, asked: URL): URL {
  const url = new URL('elsewhere', base)
  url.searchParams.set('url', asked.href)
  return url
}

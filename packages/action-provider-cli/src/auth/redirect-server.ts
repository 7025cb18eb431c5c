import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A local server to which the browser returns after a login. */
export type RedirectServer = {
  readonly redirectUri: string
  /** Resolves with the parameters of the first request that has the right `state`. */
  answer(state: string): Promise<URLSearchParams>
  close(): void
}

/** Listens on a free loopback port (RFC 8252, section 7.3). */
export async function redirectServer(): Promise<RedirectServer> {
  const arrived = Promise.withResolvers<URLSearchParams>()
  let expected: string | undefined
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '', 'http://127.0.0.1')
    const mine = url?.pathname === '/' && expected !== undefined && url.searchParams.get('state') === expected
    response.writeHead(mine ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      connection: 'close',
    })
    // A request without the right state is not from this login: keep waiting.
    response.end(
      page(mine ? pageText(url.searchParams.has('code')) : ['Not here', 'This page is for a login alone.']),
    )
    if (mine) arrived.resolve(url.searchParams)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    redirectUri: `http://127.0.0.1:${port}/`,
    answer(state) {
      expected = state
      return arrived.promise
    },
    close() {
      server.close()
      server.closeIdleConnections()
    },
  }
}

function pageText(allowed: boolean): [title: string, text: string] {
  return allowed
    ? ['You are logged in', 'Go back to your terminal. This page can be closed.']
    : ['You are not logged in', 'Your terminal says why. This page can be closed.']
}

function page([title, text]: readonly [string, string] | string[]): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>${title}</h1><p>${text}</p></html>
`
}

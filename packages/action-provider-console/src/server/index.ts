import type { FastifyInstance } from 'fastify'
import { forwardElsewhere } from './elsewhere.ts'
import { isBuilt, pageFiles } from './page-files.ts'

export { isBuilt }

/** The options of the console. */
export type ConsoleOptions = {
  /** The providers of this application: the path of each, and the scope that its tokens need. */
  providers: readonly { path: string; scope: string }[]
  /** Where Globus Auth is. */
  auth: string
  /**
   * The id of the console's client there: one without a secret, with the console's URL as its redirect URI.
   */
  clientId: string
  /**
   * Base URLs of providers elsewhere to which this server forwards requests of the page. `any` is for a
   * server that only this machine can reach: it forwards to any host.
   */
  elsewhere: readonly string[] | 'any'
}

/** The views of the page. Each has its own path. */
const VIEWS = ['', 'provider', 'run', 'actions', 'action']

/**
 * Serves the console below the prefix that it is registered with.
 *
 * @throws Error if the page is not built
 * @example
 * await app.register(consolePages, { prefix: '/console', providers, auth, clientId, elsewhere: [] })
 */
export async function consolePages(app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const { auth, clientId: client_id, elsewhere } = options
  if (!isBuilt()) throw new Error('The console is not built: run npm run build -w action-provider-console')
  const files = pageFiles()
  const headers = pageHeaders(new URL(auth).origin)
  const up = app.prefix.split('/').slice(1).fill('..').join('/')
  const configuration = {
    providers: options.providers.map(({ path, scope }) => ({ url: `${up}${path}`, scope })),
    auth: new URL(auth).href,
    client_id,
    elsewhere,
  }

  app.get('', (_request, reply) => reply.redirect(`${app.prefix.slice(app.prefix.lastIndexOf('/') + 1)}/`))
  for (const view of VIEWS) {
    app.get(`/${view}`, { prefixTrailingSlash: 'slash' }, (request, reply) =>
      files.send('index.html', request, reply.headers(headers)),
    )
  }
  app.get<{ Params: { '*': string } }>('/assets/*', (request, reply) =>
    files.send(`assets/${request.params['*']}`, request, reply.headers(headers)),
  )
  app.get('/THIRD-PARTY.txt', (request, reply) =>
    files.send('THIRD-PARTY.txt', request, reply.headers(headers)),
  )
  app.get('/configuration.json', (_request, reply) =>
    reply.header('cache-control', 'no-cache').send(configuration),
  )
  forwardElsewhere(app, elsewhere)
}

/** Lets the page run only its own scripts, and reach only this host and Globus Auth. */
function pageHeaders(auth: string): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "worker-src 'self'",
    `connect-src 'self' ${auth}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types thread',
  ]
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  }
}

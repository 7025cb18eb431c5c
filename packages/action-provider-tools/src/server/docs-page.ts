import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import Fastify, { type FastifyInstance } from 'fastify'
import { InvalidDefinition } from '../errors.ts'

/** What draws the page. It is optional to install. */
const PACKAGE = '@scalar/fastify-api-reference'

/** Stands in the page where each answer has a nonce of its own. */
const NONCE = 'nonce-of-this-answer'

const require = createRequire(import.meta.url)

/** Lets the page run its own scripts and read from this host, and nothing else: so it cannot fetch from another. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // Some of its styles come without the nonce.
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/**
 * Serves a page that shows a provider's OpenAPI document, at `<prefix>/docs/`.
 *
 * @param required whether it was asked for, or is only there where its package is installed
 * @throws InvalidDefinition where it is required and the package is not installed
 */
export function serveDocsPage(
  app: FastifyInstance,
  { prefix, title, required }: { prefix: string; title: string; required: boolean },
): void {
  if (!isInstalled()) {
    if (!required) return
    throw new InvalidDefinition(`DOCS=on needs a package that is not installed: npm install ${PACKAGE}`)
  }
  const path = `${prefix}/docs`
  let made: Promise<FastifyInstance> | undefined
  const ask = async (url: string): Promise<string> => {
    made ??= makePage(prefix, title)
    const { body } = await (await made).inject(url)
    return body
  }
  app.addHook('onClose', async () => (await made)?.close())

  app.get(path, (_request, reply) => reply.redirect('docs/'))
  app.get(`${path}/`, async (_request, reply) => {
    const nonce = randomBytes(16).toString('base64')
    const html = (await ask(`${path}/`)).replaceAll(NONCE, nonce)
    return reply.header('content-security-policy', policy(nonce)).type('text/html; charset=utf-8').send(html)
  })
  app.get(`${path}/js/scalar.js`, async (request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(await ask(request.url)),
  )
}

function isInstalled(): boolean {
  try {
    require.resolve(PACKAGE)
    return true
  } catch {
    return false
  }
}

/** What draws the page has five megabytes: it is loaded when somebody wants to see it, so that no start waits for it. */
async function makePage(prefix: string, title: string): Promise<FastifyInstance> {
  const { default: reference } = await import('@scalar/fastify-api-reference')
  const page = Fastify()
  await page.register(reference, {
    routePrefix: `${prefix}/docs` as `/${string}`,
    configuration: {
      pageTitle: title,
      nonce: NONCE,
      url: '../openapi.json',
      // It takes a relative one for relative to the host, not to the document.
      servers: [{ url: prefix }],
      // What it would ask of other hosts, and offers to send there.
      withDefaultFonts: false,
      telemetry: false,
      agent: { disabled: true },
      mcp: { disabled: true },
      hideClientButton: true,
      showDeveloperTools: 'never',
    },
  })
  return page
}

import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import Fastify, { type FastifyInstance } from 'fastify'
import { InvalidDefinition } from '../errors.ts'

/** The package that draws the page. It is optional. */
const PACKAGE = '@scalar/fastify-api-reference'

/** The placeholder for the nonce of each answer. */
const NONCE = 'nonce-of-this-answer'

const require = createRequire(import.meta.url)

/** Lets the page run only its own scripts and read only from this host. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // Some of its styles have no nonce.
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
 * @param required whether a missing package is an error
 * @throws InvalidDefinition if it is required and the package is not installed
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

/** The package has five megabytes: it is loaded with the first request for the page, not at the start. */
async function makePage(prefix: string, title: string): Promise<FastifyInstance> {
  const { default: reference } = await import('@scalar/fastify-api-reference')
  const page = Fastify()
  await page.register(reference, {
    routePrefix: `${prefix}/docs` as `/${string}`,
    configuration: {
      pageTitle: title,
      nonce: NONCE,
      url: '../openapi.json',
      // The package resolves a relative server against the host, not against the document.
      servers: [{ url: prefix }],
      // What it would load from other hosts, or send there.
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

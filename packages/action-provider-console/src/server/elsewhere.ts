import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** The headers of requests and answers that are forwarded. */
const ASKED = ['accept', 'authorization', 'content-type', 'prefer', 'last-event-id']
const ANSWERED = ['allow', 'link', 'location', 'preference-applied', 'retry-after', 'www-authenticate']

/** Keeps the answer of another host from becoming a page of this origin. */
const HARMLESS = {
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

type Asked = FastifyRequest<{ Querystring: { url?: string } }>

/**
 * Forwards requests of the page to providers elsewhere, because they answer pages of other origins only at
 * introspect.
 *
 * @param allowed base URLs of providers, or `any`
 */
export function forwardElsewhere(app: FastifyInstance, allowed: readonly string[] | 'any'): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    scope.route<{ Querystring: { url?: string } }>({
      method: ['GET', 'POST'],
      url: '/elsewhere',
      handler: (request, reply) => forward(request, reply.headers(HARMLESS), allowed),
    })
  })
}

async function forward(
  request: Asked,
  reply: FastifyReply,
  allowed: readonly string[] | 'any',
): Promise<FastifyReply> {
  // Browsers set these headers, and no page can change them, not even one whose name resolves to this
  // machine.
  const { 'sec-fetch-site': site, 'sec-fetch-dest': destination } = request.headers
  if (site !== 'same-origin' || destination !== 'empty') {
    return refuse(reply, 403, 'ForbiddenRequest', 'Only the console itself may ask here')
  }
  const url = URL.parse(request.query.url ?? '')
  if (url === null || !isAllowed(url, allowed)) {
    const where = 'This server asks only the providers that it was told of: add it to CONSOLE_PROVIDERS'
    return refuse(reply, 403, 'ForbiddenRequest', where)
  }
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  try {
    const answer = await fetch(url, {
      method: request.method,
      headers: picked(ASKED, (name) => request.headers[name]),
      redirect: 'manual',
      signal: gone.signal,
      ...(request.method === 'POST' && { body: request.body as Buffer<ArrayBuffer> }),
    })
    const streams = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
    reply
      .code(answer.status)
      .headers(picked(ANSWERED, (name) => answer.headers.get(name)))
      .type(streams ? 'text/event-stream' : 'application/json; charset=utf-8')
    return reply.send(answer.body === null ? '' : Readable.fromWeb(answer.body))
  } catch (error) {
    request.log.warn({ err: error }, 'A provider elsewhere did not answer')
    return refuse(reply, 502, 'BadGateway', `${url.host} does not answer: check its URL, or try again`)
  }
}

function isAllowed(url: URL, allowed: readonly string[] | 'any'): boolean {
  if (url.username !== '' || url.password !== '' || !/^https?:$/.test(url.protocol)) return false
  // Another server may decode such a slash and leave the base path.
  if (/(%2f|%5c)\.|\.(%2f|%5c)/i.test(url.pathname)) return false
  if (allowed === 'any') return true
  return allowed.some((base) => {
    const { origin, pathname } = new URL(base)
    const below = pathname.replace(/\/*$/, '/')
    return url.origin === origin && `${url.pathname}/`.startsWith(below)
  })
}

function picked(
  names: readonly string[],
  read: (name: string) => string | string[] | undefined | null,
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = read(name)
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
}

function refuse(reply: FastifyReply, status: number, code: string, description: string): FastifyReply {
  return reply.code(status).send({ code, description })
}

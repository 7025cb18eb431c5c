import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** What is passed on of a request, and of an answer. */
const ASKED = ['accept', 'authorization', 'content-type', 'prefer', 'last-event-id']
const ANSWERED = ['allow', 'link', 'location', 'preference-applied', 'retry-after', 'www-authenticate']

/** No page may be made of what another host answers: it would be one of this origin. */
const HARMLESS = {
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}

type Asked = FastifyRequest<{ Querystring: { url?: string } }>

/**
 * Asks providers elsewhere on behalf of the page: an action provider answers pages of other origins at introspect alone.
 *
 * @param allowed base URLs of providers, or `any` https one, and http on this machine
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
  // Browsers say who asks, and no page can make them say another: not even one whose name leads to this machine.
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
  // Another server may take an encoded slash for one, and climb.
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
